import { readFileSync } from 'node:fs';
import { clusterRole } from './init-cluster.ts';
import type { PostgresPlace } from './postgres-place.ts';
import { livingPostmaster, readPostmasterFile } from './postmaster-file.ts';

/** A URL of the embedded server that runs now; `null` when none does. */
export function runningPostgresUrl(place: PostgresPlace): string | null {
  const file = readPostmasterFile(place.cluster);
  if (file?.status !== 'ready' || livingPostmaster(place.cluster, null) === null) return null;
  const password = readFileSync(place.passwordFile, 'utf8').trim();
  return `postgres://${clusterRole}:${password}@/postgres?host=${encodeURIComponent(file.socketFolder)}`;
}
