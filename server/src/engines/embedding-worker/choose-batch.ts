/** What a batch is chosen by. */
export interface BatchEntry {
  readonly input: readonly number[];
  readonly job: { readonly priority: 'interactive' | 'background' };
}

/**
 * Tokens that may be computed for padding alone in one batch. To start a batch costs as much as computing 4 to 8 tokens
 * (int8 MiniLM, one thread: 0.2 to 0.4 ms, and 0.05 ms a token), so more padding than that costs more than a second
 * batch does.
 */
const mostPaddingTokens = 8;

/**
 * Splits what waits (oldest first) into the next batch and the rest: the longest waiting input leads, interactive ones
 * before the others; those nearest to it in length join, the older of two first, as long as the batch stays within
 * `budgetTokens` with its padding. A longer input than that is a batch of its own.
 */
export function chooseBatch<Entry extends BatchEntry>(
  waiting: readonly Entry[],
  budgetTokens: number,
): [batch: Entry[], rest: Entry[]] {
  const leader = waiting.find((each) => each.job.priority === 'interactive') ?? waiting[0];
  if (leader === undefined) return [[], []];
  const distance = (each: Entry) => Math.abs(each.input.length - leader.input.length);
  const batch = new Set<Entry>([leader]);
  let longest = leader.input.length;
  let tokens = longest;
  for (const each of nearestFirst(waiting, distance, budgetTokens)) {
    if (each === leader) continue;
    const length = Math.max(longest, each.input.length);
    const padded = length * (batch.size + 1);
    if (padded > budgetTokens || padded - tokens - each.input.length > mostPaddingTokens) continue;
    batch.add(each);
    longest = length;
    tokens += each.input.length;
  }
  return [[...batch], waiting.filter((each) => !batch.has(each))];
}

/** Those that are near enough to join at all, the nearest first and of these the oldest. */
function nearestFirst<Entry>(
  waiting: readonly Entry[],
  distance: (entry: Entry) => number,
  budgetTokens: number,
): Entry[] {
  if (budgetTokens <= 1) return [];
  return waiting
    .filter((each) => distance(each) <= mostPaddingTokens)
    .sort((left, right) => distance(left) - distance(right));
}
