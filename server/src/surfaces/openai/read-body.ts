import { isUtf8 } from 'node:buffer';
import { SamovarError } from '../../kernel/errors.ts';

/** Deepest nesting that free-form members (schemas, tool parameters, template variables) may have. */
const maxDepth = 64;

/**
 * Parses a request body: one JSON object in UTF-8. Throws `request.malformed_json`.
 * The JSON parser of V8 does not recurse, so depth is checked where values are walked (`refuseDeepValue`).
 */
export function readBody(bytes: Buffer): Readonly<Record<string, unknown>> {
  if (bytes.length === 0) throw malformed('the body is empty');
  if (!isUtf8(bytes)) throw malformed('it is not valid UTF-8');
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(error instanceof SyntaxError ? error.message.slice(0, 200) : 'it cannot be parsed');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed('expected an object at the top');
  if (text.includes('\\u') && !isWellFormed(value, 0))
    throw malformed('a string has half of a surrogate pair');
  return value as Readonly<Record<string, unknown>>;
}

/** Throws `request.invalid` when a free-form value nests deeper than any honest one does. */
export function refuseDeepValue(value: unknown, path: string): void {
  if (isDeeperThan(value, maxDepth))
    throw new SamovarError('request.invalid', {
      params: { parameter: path, reason: `it nests deeper than ${maxDepth} levels`, kind: 'invalid_value' },
      field: path,
    });
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const member of Object.values(value)) {
    if (isDeeperThan(member, levels - 1)) return true;
  }
  return false;
}

function isWellFormed(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  if (depth > 2 * maxDepth) throw malformed('it nests too deeply');
  return Object.entries(value).every(
    ([name, member]) => name.isWellFormed() && isWellFormed(member, depth + 1),
  );
}

function malformed(reason: string): SamovarError {
  return new SamovarError('request.malformed_json', { params: { reason } });
}
