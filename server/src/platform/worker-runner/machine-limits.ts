import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';

/** What this process may use of the machine: the container's limits where they are tighter than the machine. */
export interface MachineLimits {
  readonly memoryBytes: number;
  readonly cores: number;
}

/** Reads the limits of control groups, version 2 then 1, below `root`. */
export function readMachineLimits(root = '/sys/fs/cgroup'): MachineLimits {
  const memory =
    positive(readWord(`${root}/memory.max`, 0)) ??
    positive(readWord(`${root}/memory/memory.limit_in_bytes`, 0)) ??
    Number.POSITIVE_INFINITY;
  const quota =
    positive(readWord(`${root}/cpu.max`, 0)) ?? positive(readWord(`${root}/cpu/cpu.cfs_quota_us`, 0));
  const period =
    positive(readWord(`${root}/cpu.max`, 1)) ?? positive(readWord(`${root}/cpu/cpu.cfs_period_us`, 0));
  const shares = quota === null || period === null ? Number.POSITIVE_INFINITY : Math.ceil(quota / period);
  return {
    memoryBytes: Math.min(memory, totalmem()),
    cores: Math.max(1, Math.min(shares, availableParallelism())),
  };
}

/** Processor and usable cores in words: what measured facts of models depend on. */
export function describeHardware({ cores }: Pick<MachineLimits, 'cores'>): string {
  const model = (cpus()[0]?.model ?? '').replace(/\s+/g, ' ').replaceAll(',', '').trim();
  return `${model === '' ? process.arch : model}, ${cores} ${cores === 1 ? 'core' : 'cores'}`;
}

function readWord(path: string, index: number): string | null {
  try {
    return readFileSync(path, 'utf8').trim().split(/\s+/)[index] ?? null;
  } catch {
    // No such control file: this kind of limit is not set here.
    return null;
  }
}

/** `null` for what sets no limit: `max`, `-1`, or nothing. */
function positive(text: string | null): number | null {
  const value = Number(text);
  return text !== null && Number.isFinite(value) && value > 0 ? value : null;
}
