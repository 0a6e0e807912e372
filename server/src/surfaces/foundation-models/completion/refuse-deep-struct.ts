import { invalidField } from '../request-error.ts';

/** Deepest nesting that schemas may have, as on every surface. */
const maxDepth = 64;

/** Throws `request.invalid` when a free-form value nests deeper than any honest one does. */
export function refuseDeepStruct(value: unknown, field: string): void {
  if (isDeeperThan(value, maxDepth)) throw invalidField(field, `it nests deeper than ${maxDepth} levels`);
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeperThan(member, levels - 1));
}
