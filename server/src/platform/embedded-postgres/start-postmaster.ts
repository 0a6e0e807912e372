import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProcessIdentity } from '@samovar/contract/data-folder';
import { identityOf } from '@samovar/contract/process-identity';
import { SamovarError } from '../../kernel/errors.ts';
import { openLogFile } from '../process/log-file.ts';
import type { PostgresPlace } from './postgres-place.ts';
import { processesOfCluster, readPostmasterFile } from './postmaster-file.ts';

export interface PostmasterStart {
  readonly place: PostgresPlace;
  readonly binaries: string;
  readonly socketFolder: string;
}

/** Set at each start, so that a newer release can change them. Sized for a small machine that serves models. */
const serverSettings: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '80',
  shared_buffers: '64MB',
  max_wal_size: '512MB',
  io_method: 'sync',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  huge_pages: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
  // After a kill every file is flushed before recovery: by one call where the system has it.
  ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
};

/** Recovery after a kill may take minutes on a slow disk, and begins anew when it is cut off: it is left alone. */
const startTimeoutMs = 600_000;
const retryForMs = 15_000;

/**
 * Starts the server of a cluster and waits until it accepts connections. After a kill the first attempts may fail,
 * while the dead server's children and its lock file are still about: these are repeated.
 */
export async function startPostmaster(start: PostmasterStart): Promise<ProcessIdentity> {
  const retryUntil = Date.now() + retryForMs;
  for (;;) {
    removeStaleFile(start.place.cluster);
    const begun = existsSync(start.place.log) ? readFileSync(start.place.log).length : 0;
    const identity = await attempt(start);
    if (identity) return identity;
    const reason = lastProblem(start.place.log, begun);
    if (Date.now() > retryUntil || !/lock file|shared memory block|in use/.test(reason))
      throw new SamovarError('setup.postgres_failed', { params: { reason, log: start.place.log } });
    await pause(250);
  }
}

/**
 * PostgreSQL clears its lock file by itself unless the pid in it lives. When that is a foreign process by now, and no
 * process of the cluster is left (they hold its shared memory), the file goes.
 */
function removeStaleFile(cluster: string): void {
  const file = readPostmasterFile(cluster);
  if (
    file &&
    process.platform === 'linux' &&
    identityOf(file.pid) &&
    processesOfCluster(cluster).length === 0
  )
    rmSync(join(cluster, 'postmaster.pid'));
}

async function attempt(start: PostmasterStart): Promise<ProcessIdentity | null> {
  const child = spawnPostmaster(start);
  const ended = new Promise<'ended'>((resolve) => {
    child.once('exit', () => resolve('ended'));
    child.once('error', () => resolve('ended'));
  });
  child.unref();
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    const file = readPostmasterFile(start.place.cluster);
    if (file?.status === 'ready' && file.pid === child.pid) return identityOf(file.pid);
    if ((await Promise.race([ended, pause(20)])) === 'ended') return null;
  }
  child.kill('SIGQUIT');
  return null;
}

function spawnPostmaster(start: PostmasterStart): ChildProcess {
  const { place, socketFolder } = start;
  const settings = { ...serverSettings, unix_socket_directories: socketFolder };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openLogFile(place.log);
  try {
    return spawn(join(start.binaries, 'bin', 'postgres'), ['-D', place.cluster, ...options], {
      cwd: place.cluster,
      detached: true,
      // A file, never a pipe or our terminal: it outlives us when we are killed.
      stdio: ['ignore', log, log],
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      ...(place.user ? { uid: place.user.uid, gid: place.user.gid } : {}),
    });
  } finally {
    closeSync(log);
  }
}

function lastProblem(logPath: string, from: number): string {
  const lines = readFileSync(logPath).subarray(from).toString('utf8').split('\n');
  const problem = lines.findLast((line) => /FATAL|PANIC|ERROR|error|cannot/.test(line)) ?? lines.at(-2);
  return problem?.replace(/^.*?(FATAL|PANIC|ERROR):\s*/, '') ?? 'it ended without a word';
}
