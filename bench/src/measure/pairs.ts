/** The outcome of interleaved pairs: ours over theirs, so that a drift of the machine hits both alike. */
export interface Ratio {
  readonly median: number;
  /** The interval that holds the median with at least 90 % confidence (order statistics, sign test). */
  readonly low: number;
  readonly high: number;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

/**
 * Measures ours and theirs in turns (A B, B A, A B, …), at least five pairs. Each function returns a number in the
 * same unit; its first call warms up and is thrown away.
 */
export async function ratioOfPairs(
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
  pairs = 5,
): Promise<Ratio> {
  await ours();
  await theirs();
  const taken: { ours: number; theirs: number }[] = [];
  for (let pair = 0; pair < Math.max(5, pairs); pair += 1) {
    if (pair % 2 === 0) {
      const first = await ours();
      taken.push({ ours: first, theirs: await theirs() });
    } else {
      const first = await theirs();
      taken.push({ ours: await ours(), theirs: first });
    }
  }
  const ratios = taken.map((pair) => pair.ours / pair.theirs).sort((left, right) => left - right);
  const cut = signTestCut(ratios.length);
  return {
    median: median(ratios),
    low: ratios[cut] ?? Number.NaN,
    high: ratios[ratios.length - 1 - cut] ?? Number.NaN,
    ours: taken.map((pair) => pair.ours),
    theirs: taken.map((pair) => pair.theirs),
  };
}

/** The middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The value below which the share `p` (0–1) of the values lie (nearest rank). */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

/** How many values may be cut from each end so that the rest still holds the median with 90 % confidence. */
function signTestCut(count: number): number {
  let cumulative = 0;
  let probability = 0.5 ** count;
  let cut = 0;
  for (let below = 0; below < count / 2; below += 1) {
    cumulative += probability;
    if (2 * cumulative > 0.1) break;
    cut = below + 1;
    probability = (probability * (count - below)) / (below + 1);
  }
  return Math.max(0, cut - 1);
}
