import type { JsonObject } from '../../worker-http/read-json-body.ts';
import { invalidParameter, readBoolean, refuseOthers } from './read-parameters.ts';

/** A body of `POST /score`, checked. */
export interface ScoreRequest {
  readonly prompts: readonly string[];
  /** They came as `prompts`, a list, and so do their scores. */
  readonly many: boolean;
  readonly continuations: readonly string[];
  /** What looks like a control token is text. */
  readonly plain: boolean;
}

const known = new Set(['prompt', 'prompts', 'continuations', 'plain', 'model']);
const mostPrompts = 16;
const mostContinuations = 1024;

/** Reads a body; throws `request.invalid` or `engine.unsupported_parameter`. */
export function readScoreRequest(body: JsonObject): ScoreRequest {
  refuseOthers(body, known);
  const { prompt, prompts, continuations } = body;
  const many = prompts !== undefined && prompts !== null;
  if (!many && typeof prompt !== 'string') throw invalidParameter('prompt', 'it must be a text');
  return {
    prompts: many ? readTexts('prompts', prompts, mostPrompts) : [String(prompt)],
    many,
    continuations: readTexts('continuations', continuations, mostContinuations),
    plain: readBoolean(body, 'plain', false),
  };
}

function readTexts(name: string, value: unknown, most: number): string[] {
  if (!Array.isArray(value) || !value.every((text) => typeof text === 'string'))
    throw invalidParameter(name, 'it must be a list of texts');
  if (value.length > most) throw invalidParameter(name, `it takes at most ${most} texts`);
  return value;
}
