import { type DescMessage, fromJson, type JsonValue, type MessageShape } from '@bufbuild/protobuf';
import { checkNumbers } from './check-numbers.ts';
import { checkValues, malformed } from './check-values.ts';
import { explainFault } from './explain-fault.ts';

/** A body of more values is not read again and again to find the one at fault. */
const mostExplained = 20_000;

/**
 * Reads a body as a message: proto3 JSON, names in lowerCamelCase or as in the .proto file, 64-bit integers as numbers
 * or strings. Throws `request.malformed_json`, `request.unknown_parameter` or `request.invalid`.
 */
export function readMessage<Schema extends DescMessage>(schema: Schema, body: Buffer): MessageShape<Schema> {
  if (body.length === 0) throw malformed('the body is empty');
  const text = body.toString('utf8');
  const json = parse(text);
  const count = checkValues(json, text);
  checkNumbers(schema, json);
  try {
    return fromJson(schema, json);
  } catch (thrown) {
    throw explainFault(schema, count > mostExplained ? null : json, thrown);
  }
}

function parse(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    throw malformed(error instanceof SyntaxError ? error.message.slice(0, 200) : 'it cannot be parsed');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed('expected an object at the top');
  return value;
}
