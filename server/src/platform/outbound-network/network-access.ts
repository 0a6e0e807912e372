import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';

/** How the world outside is reached. */
export interface NetworkAccess {
  /** PEM files trusted besides the usual authorities. */
  readonly caFiles: readonly string[];
  readonly httpProxy: string | null;
  readonly httpsProxy: string | null;
  /** Hosts reached without the proxy, as in NO_PROXY. */
  readonly noProxy: string;
}

/** Certificates of all authorities that are trusted (PEM); `undefined`: the usual ones alone. */
export function trustedAuthorities({ caFiles }: Pick<NetworkAccess, 'caFiles'>): string[] | undefined {
  if (caFiles.length === 0) return undefined;
  return [...getCACertificates('default'), ...caFiles.map((path) => readFileSync(path, 'utf8'))];
}
