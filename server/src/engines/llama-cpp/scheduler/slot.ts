import type { CachedSlot } from '../../language-worker/generation/cached-slot.ts';
import type { GenerationTask } from '../../language-worker/generation/generation-task.ts';
import type { TokenSampler } from '../llama-native.ts';
import type { LazyGrammar } from './lazy-grammar.ts';
import type { ScoreWalk } from './score-walk.ts';

/** A task that has begun, with all that it takes to go on: in a slot, or set aside. */
export interface ActiveTask {
  readonly task: GenerationTask;
  readonly sampler: TokenSampler;
  readonly lazyGrammar: LazyGrammar | null;
  /** Of a task that has continuations to score. */
  readonly walk: ScoreWalk | null;
  /** Its prompt is evaluated in the shapes that a cold run on an idle worker has. */
  readonly exact: boolean;
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

export function createSlot(index: number, contextTokens: number, pieceTokens: number): Slot {
  return {
    index,
    tokens: new Uint32Array(contextTokens),
    length: 0,
    exactTokens: 0,
    exactPiece: pieceTokens,
    lastUse: 0,
    active: null,
  };
}

/** How many tokens must be evaluated before the task can go on: its prompt and its answer, or the path to score. */
export function wantedLength({ task, walk, answerTokens }: ActiveTask): number {
  return walk === null ? task.prompt.length + answerTokens : walk.tokens.length;
}

/** The tokens at these places of what must be evaluated. */
export function wantedTokens(active: ActiveTask, from: number, to: number): Uint32Array {
  const { task, walk, answer } = active;
  if (walk !== null) return walk.tokens.slice(from, to);
  const prompted = task.prompt.length;
  if (to <= prompted) return task.prompt.slice(from, to);
  if (from >= prompted) return answer.slice(from - prompted, to - prompted);
  const tokens = new Uint32Array(to - from);
  tokens.set(task.prompt.subarray(from));
  tokens.set(answer.subarray(0, to - prompted), prompted - from);
  return tokens;
}

/** True where the slot takes one token a step: the last of its answer. */
export function isDecoding(slot: Slot): boolean {
  const { active } = slot;
  if (active === null || active.walk !== null) return false;
  return active.answerTokens > 0 && slot.length === wantedLength(active) - 1;
}

/** True where a prompt is read, continuations are scored, or a task that was set aside is caught up with. */
export function isReading(slot: Slot): boolean {
  return slot.active !== null && !isDecoding(slot);
}

export function runs(slot: Slot, priority: GenerationTask['priority']): boolean {
  return slot.active?.task.priority === priority;
}
