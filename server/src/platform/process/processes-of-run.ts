import { readdirSync, readFileSync } from 'node:fs';
import type { ProcessIdentity } from '@samovar/contract/data-folder';
import { identityOf } from '@samovar/contract/process-identity';
import { runIdVariable } from '@samovar/contract/process-messages';

/**
 * Living processes that carry this run's mark in their environment, whatever their name or parent. Only Linux
 * shows the environment of a process; elsewhere the answer is empty and recorded identities must do.
 */
export function processesOfRun(runId: string): ProcessIdentity[] {
  if (process.platform !== 'linux') return [];
  const mark = `${runIdVariable}=${runId}`;
  const found: ProcessIdentity[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || !environmentOf(pid).includes(mark)) continue;
    const identity = identityOf(pid);
    if (identity) found.push(identity);
  }
  return found;
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    // It has ended, or belongs to another user and so is none of ours.
    return [];
  }
}
