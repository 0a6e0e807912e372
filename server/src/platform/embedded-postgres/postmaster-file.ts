import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ProcessIdentity } from '@samovar/contract/data-folder';
import { identityOf } from '@samovar/contract/process-identity';

/** What PostgreSQL writes into `postmaster.pid` (storage/pidfile.h of its sources). */
export interface PostmasterFile {
  readonly pid: number;
  readonly socketFolder: string;
  readonly status: string;
}

/** The file of a cluster, `null` when there is none or it is not complete yet. */
export function readPostmasterFile(cluster: string): PostmasterFile | null {
  let lines: string[];
  try {
    lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return null;
  return { pid, socketFolder: lines[4] ?? '', status: (lines[7] ?? '').trim() };
}

/**
 * The living postmaster of a cluster, told from a foreign process with a reused pid: a postmaster runs the program
 * `postgres` and works in the cluster's folder. Where /proc does not tell, the recorded identity must match.
 */
export function livingPostmaster(cluster: string, recorded: ProcessIdentity | null): ProcessIdentity | null {
  const file = readPostmasterFile(cluster);
  const identity = file === null ? null : identityOf(file.pid);
  if (identity === null) return null;
  if (process.platform !== 'linux')
    return recorded?.pid === identity.pid && recorded.startedAt === identity.startedAt ? identity : null;
  return worksIn(identity.pid, cluster) ? identity : null;
}

/** Living PostgreSQL processes (postmaster and children) of a cluster; Linux only. */
export function processesOfCluster(cluster: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && worksIn(pid, cluster));
}

function worksIn(pid: number, cluster: string): boolean {
  try {
    const program = basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '');
    return program === 'postgres' && readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster);
  } catch {
    // It ended meanwhile, or is another user's process and so not ours.
    return false;
  }
}
