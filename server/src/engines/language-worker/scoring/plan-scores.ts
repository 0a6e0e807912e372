import { setImmediate } from 'node:timers/promises';
import { finite } from '../answer/token-logprobs.ts';
import { createTokenTree, type TokenTree } from '../generation/token-tree.ts';
import type { Vocabulary } from '../vocabulary.ts';

export interface Score {
  /** Natural logarithm of the probability of the continuation behind the prompt. */
  readonly logprob: number;
  /** Tokens of the continuation. */
  readonly tokens: number;
}

/** What one prompt and its continuations come to, in tokens. */
export interface ScorePlan {
  readonly promptTokens: number;
  /** What the engine evaluates: nearly always one part; more where a first token merges with what follows. */
  readonly parts: readonly ScorePart[];
  /** Of every continuation, once the engine has been through all parts. */
  scores(): Score[];
}

export interface ScorePart {
  /** What all texts of the part begin with; at least one token. */
  readonly prompt: Uint32Array;
  readonly continuations: TokenTree;
}

interface Text {
  readonly index: number;
  readonly tokens: Uint32Array;
  /** Place of the first token that is scored. */
  readonly from: number;
}

/** Turns a text into the tokens of a prompt. */
export type EncodePrompt = (text: string) => Uint32Array;

/**
 * The tokens of the whole text behind as many as the prompt has are the continuation's, as in lm-evaluation-harness,
 * also where the prompt's last one merges with the continuation's first; and as there, a beginning-of-text token
 * stands in for a prompt without any.
 */
export async function planScores(
  vocabulary: Vocabulary,
  encode: EncodePrompt,
  prompt: string,
  continuations: readonly string[],
): Promise<ScorePlan> {
  const own = encode(prompt);
  const standIn =
    own.length > 0 ? null : vocabulary.encodeContinuation(vocabulary.bosText || vocabulary.eosText);
  const promptTokens = (standIn ?? own).length;
  const texts: Text[] = [];
  let sliceBeganAt = performance.now();
  for (const [index, continuation] of continuations.entries()) {
    const whole = encode(prompt + continuation);
    const tokens = standIn === null ? whole : Uint32Array.from([...standIn, ...whole]);
    texts.push({ index, tokens, from: Math.max(1, Math.min(promptTokens, tokens.length)) });
    // Reading many texts does not keep the others' streams from theirs.
    if (performance.now() - sliceBeganAt < sliceMs) continue;
    await setImmediate();
    sliceBeganAt = performance.now();
  }
  const parts = [...Map.groupBy(texts, ({ tokens }) => tokens[0]).values()].map(planPart);
  return {
    promptTokens,
    parts: parts.map(({ part }) => part),
    scores() {
      const scores: Score[] = [];
      for (const { scoreOf } of parts) for (const [index, score] of scoreOf()) scores[index] = score;
      return scores;
    },
  };
}

const sliceMs = 10;

function planPart(texts: readonly Text[]) {
  const length = commonLength(texts);
  const prompt = texts[0]?.tokens.slice(0, length) ?? new Uint32Array(0);
  const continuations = createTokenTree(texts.map(({ tokens }) => tokens.subarray(length)));
  const part: ScorePart = { prompt, continuations };
  return {
    part,
    scoreOf: () =>
      texts.map(({ index, from }, at): [number, Score] => {
        const nodes = continuations.paths[at]?.slice(from - length) ?? [];
        const logprob = nodes.reduce((sum, node) => sum + node.logprob, 0);
        return [index, { logprob: finite(logprob), tokens: nodes.length }];
      }),
  };
}

/** How many tokens all texts begin with, none of them to be scored. */
function commonLength(texts: readonly Text[]): number {
  const [first] = texts;
  if (first === undefined) return 0;
  let length = first.from;
  for (const { tokens, from } of texts) {
    length = Math.min(length, from);
    for (let at = 0; at < length; at += 1) if (tokens[at] !== first.tokens[at]) length = at;
  }
  return length;
}
