/** What one check of `doctor` found. */
export interface Finding {
  readonly name: string;
  /** `fail` would keep Samovar from running; `warn` makes it slow or small; `note` is worth knowing. */
  readonly state: 'ok' | 'note' | 'warn' | 'fail';
  readonly detail: string;
  /** What to do; `null` when there is nothing to do. */
  readonly remedy: string | null;
}

/** A finding that asks for nothing. */
export function fine(name: string, detail: string): Finding {
  return { name, state: 'ok', detail, remedy: null };
}
