import type { CachedSlot } from '../language-worker/generation/cached-slot.ts';
import type { GenerationTask } from '../language-worker/generation/generation-task.ts';

/** A task that runs in a slot of llama-server. */
export interface ActiveRun {
  readonly task: GenerationTask;
  /** Aborted: the request to llama-server is closed, which ends it there. */
  readonly abort: AbortController;
  cancelled: boolean;
  /** Something else ran while the prompt was read, so that it was not computed in the shapes of a cold run. */
  disturbed: boolean;
  /** Goes on reading after a pause. */
  resume(): void;
}

/** A slot of llama-server, and what is known of its cache. */
export interface ServerSlot extends CachedSlot {
  active: ActiveRun | null;
}

export function createServerSlot(index: number, contextTokens: number, chunkTokens: number): ServerSlot {
  return {
    index,
    tokens: new Uint32Array(contextTokens),
    length: 0,
    exactTokens: 0,
    exactPiece: chunkTokens,
    lastUse: 0,
    active: null,
  };
}

/**
 * Notes what the cache holds after a run: the prompt, and the tokens of the answer that are known one by one. The
 * last one was never evaluated.
 */
export function noteCache(
  slot: ServerSlot,
  run: ActiveRun,
  after: { readonly cachedTokens: number; readonly answer: readonly number[]; readonly chunkTokens: number },
): void {
  const { prompt } = run.task;
  const { cachedTokens, answer, chunkTokens } = after;
  const evaluated = answer.slice(0, -1);
  slot.tokens.set(prompt);
  slot.tokens.set(evaluated, prompt.length);
  slot.length = prompt.length + evaluated.length;
  const kept = Math.min(slot.exactTokens, cachedTokens);
  const exact = kept - (kept % chunkTokens);
  const wentOnExactly = exact === cachedTokens && !run.disturbed;
  slot.exactTokens = wentOnExactly ? prompt.length - (prompt.length % chunkTokens) : exact;
}
