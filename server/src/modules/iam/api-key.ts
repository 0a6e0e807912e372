import type { Permission } from '@samovar/contract/permissions';
import type { KeyLimits } from './key-record.ts';

/** A key as its owner sees it; the secret itself is shown once, when it is made. */
export interface ApiKey {
  readonly keyId: string;
  readonly name: string;
  /** The first characters of the secret, to recognise it by. */
  readonly prefix: string;
  readonly permissions: readonly Permission[];
  readonly limits: KeyLimits;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly createdAt: Date;
  /** The key that made it; `null` for the first one. */
  readonly createdBy: string | null;
}

/** What a new key is to be. */
export interface NewKey {
  readonly name: string;
  readonly permissions: readonly Permission[];
  readonly limits: KeyLimits;
  readonly expiresAt: Date | null;
}

export interface CreatedKey {
  readonly key: ApiKey;
  /** Shown once and kept nowhere. */
  readonly secret: string;
}

export const noLimits: KeyLimits = {
  requestsPerMinute: null,
  tokensPerMinute: null,
  parallelRequests: null,
};
