/** How many prompt tokens one step may evaluate. */
export interface PrefillBudget {
  /** Beside this many running streams, so that none of them stalls. */
  tokensBeside(decoding: number): number;
  /** So few that an arrival hardly waits for the step. */
  tokensInPassing(decoding: number): number;
  /** Learns from a finished step. */
  observe(step: { decoding: number; prefilled: number; durationMs: number }): void;
}

export interface PrefillBudgetOptions {
  /** Most tokens of one step. */
  readonly chunkTokens: number;
  /** Fewest tokens in passing, also where they take longer than they should: background work must get on. */
  readonly leastTokens: number;
}

/** A running stream's step may take this many times as long while a prompt enters. */
const slowdown = 3;
/** A step in passing takes no longer, where the processor can do it: a fraction of what the shortest prompt takes. */
const passingMs = 40;
/** Weight of the newest measurement. */
const newest = 0.2;

/**
 * Learns what a step costs without prompt tokens and what each of them adds, and sizes the pieces so that the gap
 * between two tokens of a running stream stays within a fixed multiple. Processors differ by a factor of a thousand
 * here, so no fixed size would do.
 */
export function createPrefillBudget({ chunkTokens, leastTokens }: PrefillBudgetOptions): PrefillBudget {
  const stepMs = new Map<number, number>();
  let tokenMs: number | null = null;

  const stepWithout = (decoding: number): number | null => {
    if (decoding === 0) return 0;
    const known = stepMs.get(decoding);
    if (known !== undefined) return known;
    const nearest = [...stepMs].sort(([a], [b]) => Math.abs(a - decoding) - Math.abs(b - decoding))[0];
    return nearest === undefined ? null : nearest[1];
  };
  const blend = (old: number | null | undefined, value: number) =>
    old === null || old === undefined ? value : old + (value - old) * newest;

  return {
    tokensBeside(decoding) {
      const step = stepWithout(decoding);
      // Nothing measured yet: a piece that is small on every processor.
      if (step === null || tokenMs === null) return Math.min(chunkTokens, 2);
      const tokens = Math.floor(((slowdown - 1) * step) / tokenMs);
      return Math.min(chunkTokens, Math.max(1, tokens));
    },
    tokensInPassing(decoding) {
      const step = stepWithout(decoding);
      const tokens = step === null || tokenMs === null ? 0 : Math.floor((passingMs - step) / tokenMs);
      return Math.min(chunkTokens, Math.max(leastTokens, tokens));
    },
    observe({ decoding, prefilled, durationMs }) {
      if (prefilled === 0) {
        stepMs.set(decoding, blend(stepMs.get(decoding), durationMs));
        return;
      }
      const without = stepWithout(decoding);
      if (without !== null) tokenMs = Math.max(0.001, blend(tokenMs, (durationMs - without) / prefilled));
    },
  };
}
