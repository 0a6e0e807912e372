/** A page of a listing, newest first unless the listing says otherwise. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Pass it back to get the next page; `null` on the last one. */
  readonly nextCursor: string | null;
}
