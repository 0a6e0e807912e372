import type { GeneratedPiece } from '../language-worker/generation/generation-task.ts';
import type { Vocabulary } from '../language-worker/vocabulary.ts';
import type { CompletionStep } from './completion-step.ts';

/** Follows the steps of a streamed completion. */
export interface StreamedAnswer {
  /** What the step adds to the answer; `null` when it adds nothing. */
  take(step: CompletionStep): GeneratedPiece | null;
  readonly cachedTokens: number;
  readonly answerTokens: number;
  /** The first tokens of the answer, as far as they are known one by one. */
  readonly told: readonly number[];
  /** The model ended its turn. */
  readonly ended: boolean;
}

export function createStreamedAnswer(vocabulary: Vocabulary): StreamedAnswer {
  let cachedTokens = 0;
  let answerTokens = 0;
  let ended = false;
  let allTold = true;
  const told: number[] = [];
  return {
    take(step) {
      cachedTokens = step.cachedTokens ?? cachedTokens;
      if (step.end !== null) {
        ended = step.end === 'eos';
        answerTokens = Math.max(answerTokens, step.generatedTokens - (ended ? 1 : 0));
        return null;
      }
      const token = step.tokens.at(-1);
      if (token === undefined || vocabulary.isEnd(token)) return null;
      const tokens = step.generatedTokens - answerTokens - 1;
      answerTokens = step.generatedTokens;
      allTold &&= tokens === 0;
      if (allTold) told.push(token);
      const untold =
        tokens > 0 ? { tokens, bytes: bytesBefore(step.content, vocabulary.bytes(token)) } : null;
      return { token, logprobs: null, untold };
    },
    get cachedTokens() {
      return cachedTokens;
    },
    get answerTokens() {
      return answerTokens;
    },
    get ended() {
      return ended;
    },
    told,
  };
}

const replacement = Buffer.from('\u{FFFD}');

/** The text of an event without its last token. Bytes that are no text came as replacement characters. */
function bytesBefore(content: string, last: Buffer): Buffer {
  const all = Buffer.from(content);
  const at = all.length - last.length;
  return at >= 0 && all.subarray(at).equals(last) ? all.subarray(0, at) : replacement;
}
