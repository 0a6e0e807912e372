import type { SamovarError } from '../../../kernel/errors.ts';
import type { VersionFailure } from '../model-version.ts';
import type { PlanItem } from './declared-set.ts';

/** Why something declared is not so: nothing happens about it by itself. */
export function failureOf({ code, message, remedy, params }: SamovarError): VersionFailure {
  return { code, message, remedy, params, retried: false };
}

/** A document or a model that cannot be as declared. */
export function refusedItem(kind: 'document' | 'model', name: string, fault: SamovarError): PlanItem {
  return {
    kind,
    name,
    action: 'refused',
    drift: false,
    changes: [],
    missing: [],
    terms: null,
    failure: failureOf(fault),
  };
}
