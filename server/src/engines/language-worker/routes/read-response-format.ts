import { isJsonObject, type JsonObject } from '../../worker-http/read-json-body.ts';
import { compileJsonSchema } from '../grammar/compile-schema.ts';
import type { GrammarCache } from '../grammar/grammar-cache.ts';
import { jsonObjectGrammar } from '../grammar/json-grammar.ts';
import { invalidParameter } from './read-parameters.ts';

/** The grammar that `response_format` asks for, or `null` for free text. */
export function readResponseFormat(body: JsonObject, grammars: GrammarCache): string | null {
  const value = body.response_format ?? null;
  if (value === null) return null;
  if (!isJsonObject(value)) throw invalidParameter('response_format', 'it must be an object');
  if (value.type === 'text') return null;
  if (value.type === 'json_object') return jsonObjectGrammar;
  if (value.type !== 'json_schema')
    throw invalidParameter('response_format.type', 'it must be text, json_object or json_schema');
  const named = value.json_schema;
  if (!isJsonObject(named) || named.schema === undefined)
    throw invalidParameter('response_format.json_schema', 'it must be an object with a schema');
  const { schema } = named;
  return grammars.keep(['response_format', schema], () => compileJsonSchema(schema));
}
