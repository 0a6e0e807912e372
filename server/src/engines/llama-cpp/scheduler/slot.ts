import type { TokenSampler } from '../llama-native.ts';
import type { GenerationTask } from '../../language-worker/generation/generation-task.ts';

/** A task in a slot. */
export interface ActiveTask {
  readonly task: GenerationTask;
  readonly sampler: TokenSampler;
  readonly cachedTokens: number;
  /** Tokens of the answer so far; the first `answerTokens` count. */
  readonly answer: Uint32Array;
  answerTokens: number;
  cancelled: boolean;
}

/** One sequence of the context: the tokens in its cache, and the task that is using it. */
export interface Slot {
  readonly index: number;
  /** What the cache holds: the first `length` count. */
  readonly tokens: Uint32Array;
  length: number;
  /** Leading tokens that were computed in whole chunks with nothing else in the batch. */
  exactTokens: number;
  /** Grows with every use of any slot: the least is the one unused for longest. */
  lastUse: number;
  active: ActiveTask | null;
}

export function createSlot(index: number, contextTokens: number): Slot {
  return {
    index,
    tokens: new Uint32Array(contextTokens),
    length: 0,
    exactTokens: 0,
    lastUse: 0,
    active: null,
  };
}

/** True once the prompt is evaluated: from then on the slot takes one token a step. */
export function isDecoding(slot: Slot): boolean {
  return slot.active !== null && slot.active.answerTokens > 0;
}

/** How many leading tokens of a prompt the slot's cache holds. */
export function commonPrefix(slot: Slot, prompt: Uint32Array): number {
  const most = Math.min(slot.length, prompt.length);
  let length = 0;
  while (length < most && slot.tokens[length] === prompt[length]) length += 1;
  return length;
}

/**
 * How much of the cache a task can start from. At least one token is always evaluated, because its logits are
 * needed; tokens to be scored are evaluated too.
 */
export function reusableTokens(slot: Slot, task: GenerationTask, chunkTokens: number): number {
  const evaluateFrom = Math.min(task.prompt.length, task.scoreFrom ?? task.prompt.length) - 1;
  const common = Math.min(commonPrefix(slot, task.prompt), Math.max(0, evaluateFrom));
  if (!task.reproducible) return common;
  const exact = Math.min(common, slot.exactTokens);
  return exact - (exact % chunkTokens);
}
