export type BulkValue = string | number | boolean | null;

/** Many rows at once, by COPY. */
export interface BulkInsert {
  /**
   * Writes all rows or none; they are given one after the other as `encodeBulkRow` makes them. `skipExisting` leaves
   * out rows whose primary key is there already; without it such a row fails the whole call (SQLSTATE 23505), which is
   * faster. Rejects with the driver's error, `code` included.
   */
  insert(
    table: string,
    columns: readonly string[],
    rows: Buffer,
    options: { readonly skipExisting: boolean },
  ): Promise<void>;
  /** Rejects unless the database answers. */
  check(): Promise<void>;
}
