import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync } from 'node:fs';
import { mkdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { SamovarError } from '../../kernel/errors.ts';
import { writeFileWhole } from '../process/write-file-whole.ts';
import { clusterRole } from './cluster-url.ts';
import type { PostgresPlace } from './postgres-place.ts';
import { readRolePassword } from './read-role-password.ts';

/**
 * Makes the cluster unless it is there: builtin C.UTF-8 (sorts alike on every machine and release), page checksums,
 * passwords by SCRAM. An interrupted attempt leaves nothing that counts. Returns the role's password.
 * Throws `setup.postgres_failed`, and `setup.data_damaged` when the password of a cluster that is there is gone.
 */
export async function initCluster(place: PostgresPlace, binaries: string): Promise<string> {
  if (existsSync(join(place.cluster, 'PG_VERSION'))) return readRolePassword(place.passwordFile);
  const password = randomBytes(24).toString('base64url');
  writeFileWhole(place.passwordFile, `${password}\n`);
  const attempt = join(dirname(place.cluster), `postgres.${process.pid}.new`);
  const passwordCopy = `${attempt}.password`;
  await rm(attempt, { recursive: true, force: true });
  await mkdir(attempt, { mode: 0o700 });
  await writeFile(passwordCopy, password, { mode: 0o600 });
  if (place.user) {
    chownSync(attempt, place.user.uid, place.user.gid);
    chownSync(passwordCopy, place.user.uid, place.user.gid);
  }
  try {
    await runInitdb(place, binaries, attempt, passwordCopy);
    await rmdir(place.cluster);
    await rename(attempt, place.cluster);
  } finally {
    await rm(passwordCopy, { force: true });
    await rm(attempt, { recursive: true, force: true });
  }
  return password;
}

async function runInitdb(
  place: PostgresPlace,
  binaries: string,
  cluster: string,
  passwordFile: string,
): Promise<void> {
  const options = [
    ...['--pgdata', cluster, '--username', clusterRole, '--pwfile', passwordFile],
    ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--data-checksums'],
    ...['--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
    ...['--set', 'max_connections=80', '--set', 'shared_buffers=64MB'],
  ];
  try {
    await promisify(execFile)(join(binaries, 'bin', 'initdb'), options, {
      cwd: cluster,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      ...(place.user ? { uid: place.user.uid, gid: place.user.gid } : {}),
    });
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    await writeFile(place.log, `${output}\n`, { flag: 'a', mode: 0o600 });
    throw new SamovarError('setup.postgres_failed', {
      params: { reason: output.split('\n')[0] ?? 'initdb ended', log: place.log },
      cause: error,
    });
  }
}
