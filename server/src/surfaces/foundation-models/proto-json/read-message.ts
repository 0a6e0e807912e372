import { type DescMessage, fromJson, type JsonValue, type MessageShape } from '@bufbuild/protobuf';
import { SamovarError } from '../../../kernel/errors.ts';
import { explainFault } from './explain-fault.ts';

/** Deepest nesting of a body: what protobuf's own readers take. */
const maxDepth = 100;

/**
 * Reads a body as a message: proto3 JSON, names in lowerCamelCase or as in the .proto file, 64-bit integers as numbers
 * or strings. Throws `request.malformed_json`, `request.unknown_parameter` or `request.invalid`.
 */
export function readMessage<Schema extends DescMessage>(schema: Schema, body: Buffer): MessageShape<Schema> {
  const json = parse(body);
  try {
    return fromJson(schema, json);
  } catch (thrown) {
    throw explainFault(schema, json, thrown);
  }
}

function parse(body: Buffer): JsonValue {
  if (body.length === 0) throw malformed('the body is empty');
  const text = body.toString('utf8');
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    throw malformed(error instanceof SyntaxError ? error.message.slice(0, 200) : 'it cannot be parsed');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed('expected an object at the top');
  refuseStrange(value, 0, text.includes('\\u'));
  return value;
}

/** Half of a surrogate pair cannot be written as UTF-8, so no message holds one. */
function refuseStrange(value: JsonValue, depth: number, checkText: boolean): void {
  if (typeof value === 'string') {
    if (checkText && !value.isWellFormed()) throw malformed('a string has half of a surrogate pair');
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > maxDepth) throw malformed(`it nests deeper than ${maxDepth} levels`);
  if (Array.isArray(value)) {
    for (const item of value) refuseStrange(item, depth + 1, checkText);
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    if (checkText && !name.isWellFormed()) throw malformed('a name has half of a surrogate pair');
    refuseStrange(member, depth + 1, checkText);
  }
}

function malformed(reason: string): SamovarError {
  return new SamovarError('request.malformed_json', { params: { reason } });
}
