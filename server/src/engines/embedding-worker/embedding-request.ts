import { SamovarError } from '../../kernel/errors.ts';
import type { JsonObject } from '../worker-http/read-json-body.ts';

/** A body of `POST /v1/embeddings`, checked. */
export interface EmbeddingRequest {
  readonly inputs: readonly EmbeddingInput[];
  readonly format: 'float' | 'base64';
  readonly dimensions: number | null;
  /** Cut an input that is too long instead of refusing it. */
  readonly truncate: boolean;
}

export type EmbeddingInput =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tokens'; readonly tokens: readonly number[] };

const mostInputs = 2048;
const known = new Set(['input', 'model', 'encoding_format', 'dimensions', 'user', 'truncate', 'samovar']);

/** Reads a body; throws `request.invalid`, `request.missing_parameter` or `request.unknown_parameter`. */
export function readEmbeddingRequest(body: JsonObject): EmbeddingRequest {
  for (const name of Object.keys(body))
    if (!known.has(name))
      throw new SamovarError('request.unknown_parameter', { params: { parameter: name }, field: name });
  const format = body.encoding_format ?? 'float';
  if (format !== 'float' && format !== 'base64')
    throw invalid('encoding_format', 'it must be `float` or `base64`');
  const dimensions = body.dimensions ?? null;
  if (dimensions !== null && !isCount(dimensions))
    throw invalid('dimensions', 'it must be a positive integer');
  const truncate = body.truncate ?? false;
  if (typeof truncate !== 'boolean') throw invalid('truncate', 'it must be true or false');
  return { inputs: readInputs(body.input), format, dimensions, truncate };
}

function readInputs(input: unknown): EmbeddingInput[] {
  if (input === undefined || input === null)
    throw new SamovarError('request.missing_parameter', { params: { parameter: 'input' }, field: 'input' });
  if (typeof input === 'string') return [readInput(input)];
  if (!Array.isArray(input)) throw invalid('input', 'it must be a text, texts, or arrays of tokens');
  if (input.length === 0) throw invalid('input', 'it must not be empty');
  if (typeof input[0] === 'number') return [readInput(input)];
  if (input.length > mostInputs)
    throw invalid('input', `it has ${input.length} inputs, and at most ${mostInputs} are taken at once`);
  const inputs = input.map(readInput);
  if (inputs.some((each) => each.kind !== inputs[0]?.kind))
    throw invalid('input', 'texts and arrays of tokens cannot be mixed');
  return inputs;
}

function readInput(value: unknown): EmbeddingInput {
  if (typeof value === 'string') {
    if (value === '') throw invalid('input', 'it must not hold an empty text');
    return { kind: 'text', text: value };
  }
  if (Array.isArray(value) && value.length > 0 && value.every(isToken))
    return { kind: 'tokens', tokens: value };
  throw invalid('input', 'it must be a text, texts, or arrays of tokens, none of them empty');
}

function isToken(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function isCount(value: unknown): value is number {
  return isToken(value) && value > 0;
}

function invalid(parameter: string, reason: string): SamovarError {
  return new SamovarError('request.invalid', { params: { parameter, reason }, field: parameter });
}
