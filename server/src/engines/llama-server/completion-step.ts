import type { TokenLogprob } from '../language-worker/generation/raw-logprobs.ts';
import { isJsonObject } from '../worker-http/read-json-body.ts';

/** One event of a streamed completion, or the whole of one that is not streamed. */
export interface CompletionStep {
  readonly content: string;
  /** Of a stream only the token that completed the event's text: parts of a character in front of it are not told. */
  readonly tokens: readonly number[];
  /** Tokens generated so far, end tokens counted. */
  readonly generatedTokens: number;
  /** How many tokens of the prompt came from the cache, once it is known. */
  readonly cachedTokens: number | null;
  /** Why it ended, in the last step. */
  readonly end: 'eos' | 'limit' | 'word' | null;
  /** Of each token of `tokens` that completed a character; where they were asked for. */
  readonly logprobs: readonly { readonly token: TokenLogprob; readonly top: readonly TokenLogprob[] }[];
}

/** Reads what llama-server sent, and throws when it is not what this release was built for. */
export function asStep(value: unknown): CompletionStep {
  if (!isJsonObject(value) || !Array.isArray(value.tokens) || typeof value.tokens_predicted !== 'number')
    throw new Error(`llama-server sent something unknown: ${JSON.stringify(value)?.slice(0, 200)}`);
  const { prompt_progress: progress, timings } = value;
  const cached = isJsonObject(progress) ? progress.cache : isJsonObject(timings) ? timings.cache_n : null;
  const end = value.stop === true ? value.stop_type : null;
  return {
    content: typeof value.content === 'string' ? value.content : '',
    // An event of the prompt's progress names a token that is none.
    tokens: isJsonObject(progress) ? [] : value.tokens.filter((token) => typeof token === 'number'),
    generatedTokens: value.tokens_predicted,
    cachedTokens: typeof cached === 'number' ? cached : null,
    end: end === null ? null : end === 'eos' || end === 'word' ? end : 'limit',
    logprobs: listOf(value.completion_probabilities).map((item) => ({
      token: asLogprob(item),
      top: isJsonObject(item) ? listOf(item.top_logprobs).map(asLogprob) : [],
    })),
  };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** It writes the least number of 32 bits where a probability is none. */
const leastLogprob = -1e30;

function asLogprob(value: unknown): TokenLogprob {
  if (!isJsonObject(value) || typeof value.id !== 'number' || typeof value.logprob !== 'number')
    throw new Error('llama-server sent log-probabilities of an unknown form');
  return {
    token: value.id,
    logprob: value.logprob < leastLogprob ? Number.NEGATIVE_INFINITY : value.logprob,
  };
}
