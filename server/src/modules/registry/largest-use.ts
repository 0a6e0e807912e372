import type { MemoryWish } from './memory-fit.ts';

/** The context that a fit is told for; below it rather fewer requests at a time. */
export const usefulTokens = 8192;
const stepTokens = 1024;

/** What may be chosen: `most` bounds both; what is fixed stays as it is there. */
export interface UseChoice {
  readonly most: MemoryWish;
  readonly fixed: { readonly context: boolean; readonly sequences: boolean };
}

/**
 * The largest use whose need fits into `budgetBytes`: first the context is shortened, down to 8k tokens, then the
 * requests at a time become fewer, then the context shorter still. `null` when not even the smallest fits. `need` is in
 * bytes, and grows with both.
 */
export function largestUse(
  { most, fixed }: UseChoice,
  need: (use: MemoryWish) => number,
  budgetBytes: number,
): MemoryWish | null {
  const fits = (use: MemoryWish) => need(use) <= budgetBytes;
  const useful = fixed.context ? most.contextTokens : Math.min(usefulTokens, most.contextTokens);
  const long = longest(most, useful, fits);
  if (long !== null) return long;
  const fewest = fixed.sequences ? most.parallelSequences : 1;
  for (let parallelSequences = most.parallelSequences - 1; parallelSequences >= fewest; parallelSequences--) {
    const use = { contextTokens: useful, parallelSequences };
    if (fits(use)) return use;
  }
  if (fixed.context) return null;
  return longest({ contextTokens: useful, parallelSequences: fewest }, Math.min(stepTokens, useful), fits);
}

/** The longest context from `least` to that of `most`, in steps of 1,024 tokens below it. */
function longest(most: MemoryWish, least: number, fits: (use: MemoryWish) => boolean): MemoryWish | null {
  if (fits(most)) return most;
  const at = (contextTokens: number): MemoryWish => ({ ...most, contextTokens });
  if (!fits(at(least))) return null;
  let low = 0;
  let high = Math.ceil((most.contextTokens - least) / stepTokens);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(at(least + middle * stepTokens))) low = middle;
    else high = middle;
  }
  return at(least + low * stepTokens);
}
