import type { JsonValue } from '@bufbuild/protobuf';
import { SamovarError } from '../../../kernel/errors.ts';

/** Deepest nesting of a body: what protobuf's own readers take. */
const maxDepth = 100;
/** Each becomes an object that is far larger than its text; messages over gRPC have the same bound. */
const mostValues = 250_000;

/**
 * Counts the values of a body. Throws `request.malformed_json` for more than any honest one has, for one that nests
 * too deeply, and for half of a surrogate pair, which cannot be written as UTF-8 and so is in no message.
 */
export function checkValues(json: JsonValue, text: string): number {
  const checkTexts = text.includes('\\u');
  let count = 0;
  const check = (value: JsonValue, depth: number): void => {
    count += 1;
    if (count > mostValues) throw malformed(`it has more than ${mostValues} values`);
    if (typeof value === 'string' && checkTexts) refuseHalf(value);
    if (typeof value !== 'object' || value === null) return;
    if (depth > maxDepth) throw malformed(`it nests deeper than ${maxDepth} levels`);
    if (Array.isArray(value)) {
      for (const item of value) check(item, depth + 1);
      return;
    }
    for (const [name, member] of Object.entries(value)) {
      if (checkTexts) refuseHalf(name);
      check(member, depth + 1);
    }
  };
  check(json, 0);
  return count;
}

function refuseHalf(text: string): void {
  if (!text.isWellFormed()) throw malformed('a string has half of a surrogate pair');
}

export function malformed(reason: string): SamovarError {
  return new SamovarError('request.malformed_json', { params: { reason } });
}
