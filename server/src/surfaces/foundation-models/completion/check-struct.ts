import { invalidField } from '../request-error.ts';

/** Deepest nesting that schemas may have, as on every surface. */
const maxDepth = 64;

/** Throws `request.invalid` for a free-form value that nests deeper than any honest one does, or that no JSON holds. */
export function checkStruct(value: unknown, field: string): void {
  if (typeof value === 'object' && value !== null) checkMembers(value, { field, levels: maxDepth });
}

function checkMembers(holder: object, at: { readonly field: string; readonly levels: number }): void {
  if (at.levels === 0) throw invalidField(at.field, `it nests deeper than ${maxDepth} levels`);
  for (const member of Object.values(holder)) {
    if (typeof member === 'number' && !Number.isFinite(member))
      throw invalidField(at.field, 'it has a number that JSON does not have');
    if (typeof member === 'object' && member !== null)
      checkMembers(member, { field: at.field, levels: at.levels - 1 });
  }
}
