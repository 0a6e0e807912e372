import type { SamovarError } from '../../kernel/errors.ts';
import type { OperationFailure } from './operation.ts';

/** One of our errors as an operation keeps it. */
export function failureOf({ code, params, message }: SamovarError): OperationFailure {
  return { code, params, message };
}
