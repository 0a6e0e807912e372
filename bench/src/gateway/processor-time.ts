import { readFileSync } from 'node:fs';

/** Linux counts processor time in hundredths of a second, whatever the kernel's own tick (`getconf CLK_TCK`). */
const ticksPerSecond = 100;

/** Processor time of a process so far, user and system, in microseconds. */
export function processorMicroseconds(pid: number): number {
  const fields = afterName(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / ticksPerSecond;
}

/** Resident memory of a process, in megabytes. */
export function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** The fields of a stat line from the third on; the name before them may hold spaces and brackets. */
function afterName(line: string): string[] {
  return line.slice(line.lastIndexOf(')') + 2).split(' ');
}
