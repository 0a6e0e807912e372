import type { NetworkAccess } from '../outbound-network/network-access.ts';

/** Where packages come from and how they are reached. Addresses may carry `user:password@`. */
export interface PackageMirrors extends NetworkAccess {
  /** Simple index, for example `https://pypi.org/simple`. */
  readonly pypiIndex: string;
  readonly npmRegistry: string;
  /** Bearer token for the npm registry. */
  readonly npmToken: string | null;
  readonly mavenRepository: string;
}
