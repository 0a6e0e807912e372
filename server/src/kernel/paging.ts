import { SamovarError } from './errors.ts';
import { type IdPrefix, withoutPrefix } from './ids.ts';

/** Which part of a listing is asked for. */
export interface PageRequest {
  readonly limit: number;
  /** `nextCursor` of the page before; `null` for the first page. */
  readonly cursor: string | null;
}

/** A page of a listing, newest first unless the listing says otherwise. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Pass it back to get the next page; `null` on the last one. */
  readonly nextCursor: string | null;
}

/** The page of what was found for it: one more than its limit where there is another behind it. */
export function pageOf<T>(
  found: readonly T[],
  { limit }: Pick<PageRequest, 'limit'>,
  cursorOf: (last: T) => string,
): Page<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: found.length > limit && last !== undefined ? cursorOf(last) : null };
}

/** The bare id behind a cursor that is an id as surfaces spell it; `null` for the first page. Throws `request.invalid`. */
export function idOfCursor(prefix: IdPrefix, { cursor }: Pick<PageRequest, 'cursor'>): string | null {
  if (cursor === null) return null;
  const id = withoutPrefix(prefix, cursor);
  if (id === null) throw invalidCursor();
  return id;
}

export function invalidCursor(cause?: unknown): SamovarError {
  return new SamovarError('request.invalid', {
    params: { parameter: 'cursor', reason: 'it is not a cursor of this listing' },
    field: 'cursor',
    cause,
  });
}
