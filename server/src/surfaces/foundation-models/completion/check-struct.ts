import { invalidField } from '../request-error.ts';

/** Deepest nesting that schemas may have, as on every surface. */
const maxDepth = 64;

/** Throws `request.invalid` for a free-form value that nests deeper than any honest one does, or that no JSON holds. */
export function checkStruct(value: unknown, field: string): void {
  const fault = structFault(value);
  if (fault !== null) throw invalidField(field, fault);
}

/** Why no message takes a free-form value; `null` for one that can be sent. */
export function structFault(value: unknown): string | null {
  return faultOf(value, maxDepth + 1);
}

function faultOf(value: unknown, levels: number): string | null {
  if (typeof value === 'number' && !Number.isFinite(value)) return 'it has a number that JSON does not have';
  if (typeof value !== 'object' || value === null) return null;
  if (levels === 1) return `it nests deeper than ${maxDepth} levels`;
  for (const member of Object.values(value)) {
    const fault = faultOf(member, levels - 1);
    if (fault !== null) return fault;
  }
  return null;
}
