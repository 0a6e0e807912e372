import { existsSync, readdirSync, readFileSync } from 'node:fs';

/**
 * Processor time of a process so far, user and system, in microseconds: what the scheduler counted for each of its
 * threads, in nanoseconds. Linux tells that of the process only in hundredths of a second, of which a short run has few.
 */
export function processorMicroseconds(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) nanoseconds += ranFor(`/proc/${pid}/task/${thread}`);
  return nanoseconds / 1000;
}

function ranFor(task: string): number {
  try {
    return Number(readFileSync(`${task}/schedstat`, 'utf8').split(' ')[0]);
  } catch (error) {
    // A thread that has ended meanwhile; those that work last as long as the process.
    if (!existsSync(task)) return 0;
    throw error;
  }
}

/** Resident memory of a process, in megabytes. */
export function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}
