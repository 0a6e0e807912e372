import type { ChatCompletionTokenLogprob } from 'openai/resources/chat/completions';
import type { RawLogprobs } from '../generation/raw-logprobs.ts';
import type { Vocabulary } from '../vocabulary.ts';

/** A token's log-probability in the standard's form. */
export function tokenLogprob(
  token: number,
  logprobs: RawLogprobs,
  vocabulary: Vocabulary,
): ChatCompletionTokenLogprob {
  return {
    ...described(token, logprobs.chosen, vocabulary),
    top_logprobs: logprobs.top.map((other) => described(other.token, other.logprob, vocabulary)),
  };
}

function described(token: number, logprob: number, vocabulary: Vocabulary) {
  const bytes = vocabulary.bytes(token);
  return { token: bytes.toString(), logprob: finite(logprob), bytes: [...bytes] };
}

/** JSON has no infinity: the standard writes -9999 for what cannot happen. */
export function finite(logprob: number): number {
  return Number.isFinite(logprob) ? logprob : -9999;
}
