import type { JsonObject } from '../../worker-http/read-json-body.ts';
import type { AnswerPlan } from '../answer/run-answer.ts';
import type { LanguageModel } from '../language-model.ts';
import { refuseOversizedText } from '../refuse-oversized-text.ts';
import { unsupportedTogether } from '../unsupported-together.ts';
import {
  invalidParameter,
  readBoolean,
  readNumber,
  readStops,
  refuseOthers,
  unsupportedParameter,
} from './read-parameters.ts';
import { readResponseFormat } from './read-response-format.ts';
import { readSampling, samplingOfChoice, samplingParameters } from './read-sampling.ts';

const known = new Set([
  ...samplingParameters,
  'model',
  'prompt',
  'stream',
  'stream_options',
  'n',
  'best_of',
  'stop',
  'logprobs',
  'max_tokens',
  'echo',
  'response_format',
  'samovar',
]);

/** The standard's own default for this endpoint. */
const defaultMaxTokens = 16;
const mostPrompts = 128;

export interface CompletionRequest {
  readonly plan: AnswerPlan;
  /** For each choice the text that its answer repeats first; empty unless `echo` is set. */
  readonly echoes: readonly string[];
}

/** A completion request as a plan of its choices: `n` for each prompt. */
export async function readCompletionRequest(
  body: JsonObject,
  model: LanguageModel,
): Promise<CompletionRequest> {
  refuseOthers(body, known);
  const prompts = await readPrompts(body, model);
  const sampling = readSampling(body, model.manifest.engineOptions, model.vocabulary.size);
  const count = readNumber(body, 'n', { min: 1, max: 128, integer: true }, 1);
  if (readNumber(body, 'best_of', { min: 1, max: 128, integer: true }, count) !== count)
    throw unsupportedParameter('best_of');
  const topLogprobs = readNumber(body, 'logprobs', { min: 0, max: 20, integer: true }, null);
  const echo = readBoolean(body, 'echo', false);
  if (echo && topLogprobs !== null) throw unsupportedTogether('logprobs', 'echo');
  const maxTokens = readNumber(
    body,
    'max_tokens',
    { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true },
    defaultMaxTokens,
  );
  const stops = readStops(body);
  const format = readResponseFormat(body, model.grammars);
  const grammar = format === null ? null : await model.generator.compileGrammar(format);
  const choices: AnswerPlan['choices'][number][] = [];
  for (const prompt of prompts)
    for (let index = 0; index < count; index += 1) {
      choices.push({
        prompt,
        maxTokens,
        reproducible: sampling.reproducible,
        topLogprobs,
        stops,
        showControlTokens: false,
        parser: null,
        sampling: samplingOfChoice(sampling.options, index),
        grammar,
        triggeredGrammar: null,
      });
    }
  return {
    plan: { choices, choicesPerPrompt: count, sequential: sampling.reproducible },
    echoes: choices.map(({ prompt }) => (echo ? textOf(prompt, model) : '')),
  };
}

function textOf(tokens: Uint32Array, model: LanguageModel): string {
  return Buffer.concat([...tokens].map((token) => model.vocabulary.bytes(token))).toString();
}

/** `prompt`: a text, a list of texts, a list of token ids, or a list of such lists. */
async function readPrompts(body: JsonObject, model: LanguageModel): Promise<Uint32Array[]> {
  const value = body.prompt ?? null;
  if (value === null) throw invalidParameter('prompt', 'it is required');
  const list: unknown[] = Array.isArray(value) && !isTokenList(value) ? value : [value];
  if (list.length === 0) throw invalidParameter('prompt', 'it must not be empty');
  if (list.length > mostPrompts) throw invalidParameter('prompt', `it takes at most ${mostPrompts} prompts`);
  const prompts: Uint32Array[] = [];
  for (const prompt of list) {
    if (typeof prompt === 'string') await refuseOversizedText(prompt, model.vocabulary, model.contextTokens);
    prompts.push(atLeastOneToken(readPrompt(prompt, model), model));
  }
  return prompts;
}

function readPrompt(value: unknown, { vocabulary }: LanguageModel): Uint32Array {
  if (typeof value === 'string') return vocabulary.encodePrompt(value);
  if (!isTokenList(value))
    throw invalidParameter('prompt', 'it must be a text, token ids, or a list of these');
  const wrong = value.find((token) => token < 0 || token >= vocabulary.size || !Number.isInteger(token));
  if (wrong !== undefined) throw invalidParameter('prompt', `${wrong} is not a token id of this model`);
  return Uint32Array.from(value);
}

function isTokenList(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number');
}

/** An empty prompt begins where the model's texts begin. */
function atLeastOneToken(tokens: Uint32Array, { vocabulary }: LanguageModel): Uint32Array {
  return tokens.length > 0 ? tokens : vocabulary.encodePrompt(vocabulary.bosText || vocabulary.eosText);
}
