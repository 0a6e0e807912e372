import type { Inspection, InspectionNote } from '../../kernel/ports/model-inspector.ts';

export type ModelFacts = Inspection['facts'];

/** What one reader found. */
export interface FoundModel {
  readonly facts: ModelFacts;
  readonly servable: Inspection['servable'];
  /** Paths of the files that are needed to serve it. */
  readonly needed: readonly string[];
  readonly notes: readonly InspectionNote[];
}

export function information(text: string): InspectionNote {
  return { severity: 'information', text };
}

export function warning(text: string): InspectionNote {
  return { severity: 'warning', text };
}
