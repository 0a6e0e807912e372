/** What a model is asked about. */
export type Feature =
  | 'streaming'
  | 'tools'
  | 'json-schema'
  | 'context'
  | 'determinism'
  | 'languages'
  | 'vectors';

/** What came out for one feature. */
export interface Finding {
  readonly feature: Feature;
  /** `skipped`: the model does not claim it, or nothing could be asked. */
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What was found, in a sentence. */
  readonly detail: string;
  /** What went wrong, one by one. */
  readonly failures: readonly string[];
}
