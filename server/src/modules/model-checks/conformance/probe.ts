import type { AskedModel } from '../asked-model.ts';
import type { Feature } from './finding.ts';

/** What a probe found: nothing failed, or what. */
export interface ProbeOutcome {
  /** In a sentence: what was asked, and what is worth to know of it. */
  readonly detail: string;
  readonly failures: readonly string[];
  /** Nothing could be asked. */
  readonly skipped?: boolean;
}

/** Asks a model about one feature. What it throws is a failure of the feature, unless the model cannot be asked at all. */
export interface Probe {
  readonly feature: Feature;
  run(asked: AskedModel): Promise<ProbeOutcome>;
}

export function skipped(detail: string): ProbeOutcome {
  return { detail, failures: [], skipped: true };
}
