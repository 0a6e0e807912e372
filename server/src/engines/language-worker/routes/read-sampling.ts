import { randomInt } from 'node:crypto';
import type { JsonObject } from '../../worker-http/read-json-body.ts';
import { type SamplingOptions, samplingDefaults } from '../sampling-options.ts';
import { invalidParameter, readNumber, readObject, unsupportedParameter } from './read-parameters.ts';

export const samplingParameters = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'typical_p',
  'repetition_penalty',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'seed',
] as const;

/** Seeds below this; the largest number of 32 bits means "a random one" to the engine. */
const seeds = 2 ** 32 - 1;

export interface ReadSampling {
  readonly options: SamplingOptions;
  /** A seed was given, or nothing is left to chance. */
  readonly reproducible: boolean;
}

/** The sampling parameters of a request over the model's defaults. */
export function readSampling(
  body: JsonObject,
  engineOptions: Parameters<typeof samplingDefaults>[0],
  vocabularySize: number,
): ReadSampling {
  const defaults = samplingDefaults(engineOptions);
  // The addon has no such sampler; 1 means that nothing is cut off.
  if (readNumber(body, 'typical_p', { min: 0, max: 1 }, 1) !== 1) throw unsupportedParameter('typical_p');
  const temperature = readNumber(body, 'temperature', { min: 0, max: 2 }, defaults.temperature);
  const seed = readNumber(body, 'seed', { min: -(2 ** 63), max: 2 ** 63, integer: true }, null);
  const penalty = { min: -2, max: 2 };
  return {
    reproducible: seed !== null || temperature === 0,
    options: {
      temperature,
      topP: readNumber(body, 'top_p', { min: 0, max: 1 }, defaults.topP),
      topK: readNumber(body, 'top_k', { min: -1, max: 1_000_000, integer: true }, defaults.topK),
      minP: readNumber(body, 'min_p', { min: 0, max: 1 }, defaults.minP),
      repetitionPenalty: readNumber(
        body,
        'repetition_penalty',
        { min: 0.01, max: 10 },
        defaults.repetitionPenalty,
      ),
      presencePenalty: readNumber(body, 'presence_penalty', penalty, defaults.presencePenalty),
      frequencyPenalty: readNumber(body, 'frequency_penalty', penalty, defaults.frequencyPenalty),
      logitBias: readLogitBias(body, vocabularySize),
      seed: seed === null ? randomInt(seeds) : engineSeed(seed),
    },
  };
}

/** 32 bits of a seed of 64. Those beyond the exact integers have zeros at their end: their upper bits count too. */
function engineSeed(seed: number): number {
  const bits = BigInt.asUintN(64, BigInt(seed));
  const folded = Number.isSafeInteger(seed) ? bits : bits ^ (bits >> 32n);
  return Number(BigInt.asUintN(32, folded)) % seeds;
}

function readLogitBias(body: JsonObject, vocabularySize: number): Map<number, number> {
  const biases = new Map<number, number>();
  for (const [key, value] of Object.entries(readObject(body, 'logit_bias'))) {
    const token = /^\d+$/.test(key) ? Number(key) : -1;
    if (token < 0 || token >= vocabularySize)
      throw invalidParameter('logit_bias', `${JSON.stringify(key)} is not a token id of this model`);
    if (typeof value !== 'number' || value < -100 || value > 100)
      throw invalidParameter('logit_bias', 'each bias must be a number from -100 to 100');
    biases.set(token, value);
  }
  return biases;
}

/** The sampling of one of several choices: the seeds follow each other, so that equal requests get equal lists. */
export function samplingOfChoice(options: SamplingOptions, index: number): SamplingOptions {
  return { ...options, seed: (options.seed + index) % seeds };
}
