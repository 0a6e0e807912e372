import { setTimeout as sleep } from 'node:timers/promises';
import { isPassing, PassingFault } from './passing-fault.ts';

export interface PatienceLimits {
  /** Failures in a row before giving up; pauses that the other side asked for are counted apart. */
  readonly tries: number;
  /** The first pause; each further one is twice as long. */
  readonly firstPauseMs: number;
  /** No own pause is longer. */
  readonly longestPauseMs: number;
  /** Pauses that the other side asks for, together, before giving up. */
  readonly longestWaitMs: number;
}

export const usualPatience: PatienceLimits = {
  tries: 8,
  firstPauseMs: 500,
  longestPauseMs: 30_000,
  longestWaitMs: 20 * 60_000,
};

/** Counts the failures of one piece of work, and waits between its tries. */
export interface Patience {
  /** Returns after a pause when there is sense in another try; else throws the error itself. */
  after(error: unknown, signal: AbortSignal): Promise<void>;
  /** Something was achieved: the count begins anew. */
  restored(): void;
}

export function createPatience(limits: PatienceLimits): Patience {
  let failures = 0;
  let waitedMs = 0;
  return {
    async after(error, signal) {
      if (signal.aborted || !isPassing(error)) throw error;
      const asked = error instanceof PassingFault ? error.pauseMs : null;
      if (asked === null) failures += 1;
      else waitedMs += asked;
      if (failures >= limits.tries || waitedMs > limits.longestWaitMs) throw error;
      const own = Math.min(limits.longestPauseMs, limits.firstPauseMs * 2 ** (failures - 1));
      // Spread, so that parts that failed together do not come back together.
      await sleep((asked ?? own) * (1 + Math.random() / 4), undefined, { signal });
    },
    restored() {
      failures = 0;
      waitedMs = 0;
    },
  };
}

/** Does something that may fail for a while, with pauses between the tries. */
export async function withPatience<T>(
  limits: PatienceLimits,
  signal: AbortSignal,
  act: () => Promise<T>,
): Promise<T> {
  const patience = createPatience(limits);
  for (;;) {
    try {
      return await act();
    } catch (error) {
      await patience.after(error, signal);
    }
  }
}
