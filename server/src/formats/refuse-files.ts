import { SamovarError } from '../kernel/errors.ts';

/** `model.refused`: `reason` is a sentence without its full stop, in lower case, which names the file. */
export function refusal(reason: string, cause?: unknown): SamovarError {
  return new SamovarError('model.refused', { params: { reason }, ...(cause === undefined ? {} : { cause }) });
}
