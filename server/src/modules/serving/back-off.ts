const firstMs = 500;
const longestMs = 60_000;

/** Pause before the next start of a worker that failed this many times in a row: 0.5 s, doubled each time, 60 s at most. */
export function backOffMs(failures: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(Math.max(failures - 1, 0), 20));
}

/** A worker that answered this long starts again from the shortest pause. */
export const stableMs = 60_000;
