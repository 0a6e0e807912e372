import type { CachedSlot } from '../../language-worker/generation/cached-slot.ts';
import type { GenerationTask } from '../../language-worker/generation/generation-task.ts';
import type { TokenSampler } from '../llama-native.ts';
import type { LazyGrammar } from './lazy-grammar.ts';

/** A task in a slot. */
export interface ActiveTask {
  readonly task: GenerationTask;
  readonly sampler: TokenSampler;
  readonly lazyGrammar: LazyGrammar | null;
  readonly cachedTokens: number;
  /** Tokens of the answer so far; the first `answerTokens` count. */
  readonly answer: Uint32Array;
  answerTokens: number;
  cancelled: boolean;
}

/** One sequence of the context, and the task that is using it. */
export interface Slot extends CachedSlot {
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
