import type { GenerationTask } from './generation-task.ts';

/** A place where one sequence runs at a time, and the tokens that its cache still holds of the last one. */
export interface CachedSlot {
  readonly index: number;
  /** What the cache holds: the first `length` count. */
  readonly tokens: Uint32Array;
  length: number;
  /** Leading tokens that were computed in whole chunks with nothing else in the batch. */
  exactTokens: number;
  /** Grows with every use of any slot: the least is the one unused for longest. */
  lastUse: number;
  readonly active: object | null;
}

/** How many leading tokens of a prompt the slot's cache holds. */
function commonPrefix(slot: CachedSlot, prompt: Uint32Array): number {
  const most = Math.min(slot.length, prompt.length);
  let length = 0;
  while (length < most && slot.tokens[length] === prompt[length]) length += 1;
  return length;
}

/**
 * How much of the cache a task can start from. At least one token is always evaluated, because its logits are
 * needed; tokens to be scored are evaluated too.
 */
export function reusableTokens(slot: CachedSlot, task: GenerationTask, chunkTokens: number): number {
  const evaluateFrom = Math.min(task.prompt.length, task.scoreFrom ?? task.prompt.length) - 1;
  const common = Math.min(commonPrefix(slot, task.prompt), Math.max(0, evaluateFrom));
  if (!task.reproducible) return common;
  const exact = Math.min(common, slot.exactTokens);
  return exact - (exact % chunkTokens);
}
