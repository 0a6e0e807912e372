import { readFileSync } from 'node:fs';
import type { ProcessIdentity, SupervisorRecord } from '@samovar/contract/data-folder';
import { isRunning } from '@samovar/contract/process-identity';
import type { Log } from '../../kernel/ports/log.ts';
import { endProcess } from '../../platform/process/end-process.ts';
import { processesOfRun } from '../../platform/process/processes-of-run.ts';

const graceMs = 5_000;

/** What an earlier run recorded about itself; `null` when there is nothing readable. */
export function readSupervisorRecord(path: string): SupervisorRecord | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as SupervisorRecord;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Ends what a killed supervisor left behind: the processes that it recorded, known by pid and start time, and those
 * that carry its run's mark (model workers of a killed engine host). PostgreSQL is not among them: it is adopted.
 */
export async function endOrphans(record: SupervisorRecord, log: Log): Promise<void> {
  const roles = record.children.filter((child) => child.role !== 'postgres' && isRunning(child));
  await endAll(roles, log);
  await endAll(processesOfRun(record.runId), log);
}

async function endAll(orphans: readonly ProcessIdentity[], log: Log): Promise<void> {
  if (orphans.length > 0) log.warn({ pids: orphans.map((orphan) => orphan.pid) }, 'ending orphans');
  await Promise.all(orphans.map((orphan) => endProcess(orphan, graceMs)));
}
