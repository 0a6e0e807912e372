import type { SamovarError } from '../../../kernel/errors.ts';
import type { VersionFailure } from '../model-version.ts';

/** Why something declared is not so: nothing happens about it by itself. */
export function failureOf({ code, message, remedy, params }: SamovarError): VersionFailure {
  return { code, message, remedy, params, retried: false };
}
