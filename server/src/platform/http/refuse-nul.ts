import { SamovarError } from '../../kernel/errors.ts';
import type { RequestParts } from './validate-request.ts';

/** Throws `request.invalid` for text with the character U+0000 anywhere in a request: PostgreSQL cannot keep it. */
export function refuseNul(parts: RequestParts): void {
  for (const part of [parts.params, parts.query, parts.body]) {
    const parameter = findNul(part, []);
    if (parameter === null) continue;
    throw new SamovarError('request.invalid', {
      params: { parameter, reason: 'it has the character U+0000, which cannot be kept.' },
      field: parameter,
    });
  }
}

/** Where the character is, as names with points between them. */
function findNul(value: unknown, path: readonly string[]): string | null {
  if (typeof value === 'string') return value.includes('\0') ? path.join('.') || 'body' : null;
  if (value === null || typeof value !== 'object') return null;
  for (const [name, member] of Object.entries(value)) {
    if (name.includes('\0')) return path.join('.') || 'body';
    const found = findNul(member, [...path, name]);
    if (found !== null) return found;
  }
  return null;
}
