import { residentMegabytes } from './processor-time.ts';

export interface Growth {
  /** Resident megabytes in the last fifth of the time, and in the second: the first warms up. */
  readonly late: readonly number[];
  readonly early: readonly number[];
}

/** Loads a process for so many minutes and watches its memory. */
export async function soak(pid: number, minutes: number, load: () => Promise<unknown>): Promise<Growth> {
  const samples: number[] = [];
  const end = performance.now() + minutes * 60_000;
  while (performance.now() < end || samples.length < 25) {
    await load();
    samples.push(residentMegabytes(pid));
  }
  const fifth = Math.floor(samples.length / 5);
  return { early: samples.slice(fifth, 2 * fifth), late: samples.slice(-fifth) };
}
