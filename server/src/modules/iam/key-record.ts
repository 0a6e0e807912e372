import type { Permission } from '@samovar/contract/permissions';

/** Limits of one key; `null` means none. */
export interface KeyLimits {
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly parallelRequests: number | null;
}

/** A valid key as the data path sees it. */
export interface KeyRecord {
  readonly keyId: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly permissions: ReadonlySet<Permission>;
  /** Milliseconds since the epoch; `null` never expires. */
  readonly expiresAt: number | null;
  readonly limits: KeyLimits;
}

/** Valid keys by the lower-case hex of their SHA-256, immutable. */
export type KeySnapshot = ReadonlyMap<string, KeyRecord>;
