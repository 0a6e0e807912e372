import type { GenerationTask } from './generation-task.ts';

/** A place where one sequence runs at a time, and the tokens that its cache still holds of the last one. */
export interface CachedSlot {
  readonly index: number;
  /** What the cache holds: the first `length` count. */
  readonly tokens: Uint32Array;
  length: number;
  /** Leading tokens that were computed in whole pieces with nothing else in the batch. */
  exactTokens: number;
  /** Tokens of such a piece. */
  exactPiece: number;
  /** Grows with every use of any slot: the least is the one unused for longest. */
  lastUse: number;
  readonly active: object | null;
}

/** What is to be in a slot's cache, and how exactly. */
export type WantedTokens = Pick<GenerationTask, 'prompt' | 'reproducible'>;

/** How many leading tokens of a prompt the slot's cache holds. */
function commonPrefix(slot: CachedSlot, prompt: Uint32Array): number {
  const most = Math.min(slot.length, prompt.length);
  let length = 0;
  while (length < most && slot.tokens[length] === prompt[length]) length += 1;
  return length;
}

/**
 * How much of the cache a task can start from, if it is to be evaluated in pieces of `pieceTokens`. At least one
 * token is always evaluated, because its logits are needed.
 */
export function reusableTokens(slot: CachedSlot, wanted: WantedTokens, pieceTokens: number): number {
  const common = Math.min(commonPrefix(slot, wanted.prompt), Math.max(0, wanted.prompt.length - 1));
  if (!wanted.reproducible) return common;
  if (slot.exactPiece !== pieceTokens) return 0;
  const exact = Math.min(common, slot.exactTokens);
  return exact - (exact % pieceTokens);
}
