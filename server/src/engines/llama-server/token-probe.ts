import type { RawLogprobs, TokenLogprob } from '../language-worker/generation/raw-logprobs.ts';
import type { Vocabulary } from '../language-worker/vocabulary.ts';
import type { JsonObject } from '../worker-http/read-json-body.ts';
import type { CompletionClient } from './completion-client.ts';

export interface ProbeOptions {
  readonly slot: number;
  /** How many of the most likely tokens are wanted. */
  readonly top: number;
  readonly signal: AbortSignal;
}

export interface ProbedToken {
  readonly token: number;
  readonly logprobs: RawLogprobs;
  readonly cachedTokens: number;
}

/** Asks for single tokens and what the model itself thinks of them. */
export interface TokenProbe {
  /** Samples the next token. */
  next(tokens: readonly number[], sampling: JsonObject, options: ProbeOptions): Promise<ProbedToken>;
  /** Log-probabilities at the next place, of this token. */
  of(tokens: readonly number[], token: number, options: ProbeOptions): Promise<RawLogprobs>;
}

/** Bias that no logit outweighs. */
const certain = 1e9;
/** A sampled token is nearly always among so many. */
const likelyTokens = 1024;

export function createTokenProbe(client: CompletionClient, vocabulary: Vocabulary): TokenProbe {
  const ask = (tokens: readonly number[], body: JsonObject, { slot, signal }: ProbeOptions) =>
    client.complete(
      { cache_prompt: true, ...body, prompt: tokens, id_slot: slot, n_predict: 1, return_tokens: true },
      signal,
    );

  const force = (tokens: readonly number[], token: number, count: number, options: ProbeOptions) =>
    ask(
      tokens,
      { temperature: 0, samplers: ['temperature'], logit_bias: [[token, certain]], n_probs: count },
      options,
    );

  /**
   * Of a token that is only a part of a character llama-server tells nothing: a whole one is put in its place, and
   * the list of likely ones read until it is found there.
   */
  const hidden = async (tokens: readonly number[], token: number, options: ProbeOptions) => {
    const [whole = 0] = vocabulary.encodePlain('a');
    for (const count of [Math.min(likelyTokens, vocabulary.size), vocabulary.size]) {
      const top = (await force(tokens, whole, count, options)).logprobs[0]?.top ?? [];
      const found = top.find((other) => other.token === token);
      if (found !== undefined) return rawLogprobs(found, top, options.top);
    }
    throw new Error(`llama-server does not tell the probability of token ${token}`);
  };

  return {
    async next(tokens, sampling, options) {
      const step = await ask(tokens, { ...sampling, n_probs: Math.max(1, options.top) }, options);
      const token = step.tokens.at(-1);
      if (token === undefined) throw new Error('llama-server gave no token');
      const [told] = step.logprobs;
      const logprobs =
        told !== undefined
          ? rawLogprobs(told.token, told.top, options.top)
          : vocabulary.isEnd(token)
            ? { chosen: 0, top: [] }
            : await hidden(tokens, token, options);
      return { token, logprobs, cachedTokens: step.cachedTokens ?? 0 };
    },
    async of(tokens, token, options) {
      const [told] = (await force(tokens, token, Math.max(1, options.top), options)).logprobs;
      if (told?.token.token === token) return rawLogprobs(told.token, told.top, options.top);
      return hidden(tokens, token, options);
    },
  };
}

function rawLogprobs(chosen: TokenLogprob, top: readonly TokenLogprob[], count: number): RawLogprobs {
  return { chosen: chosen.logprob, top: top.slice(0, count) };
}
