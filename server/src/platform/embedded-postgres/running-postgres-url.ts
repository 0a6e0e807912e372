import { clusterUrl } from './cluster-url.ts';
import type { PostgresPlace } from './postgres-place.ts';
import { readPostmasterFile } from './postmaster-file.ts';
import { readRolePassword } from './read-role-password.ts';

/** A URL of the embedded server as it runs; `null` when none says that it does. Throws `setup.data_damaged`. */
export function runningPostgresUrl(place: PostgresPlace): string | null {
  const file = readPostmasterFile(place.cluster);
  if (file?.status !== 'ready') return null;
  return clusterUrl(readRolePassword(place.passwordFile), file.socketFolder);
}
