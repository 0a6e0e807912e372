import { SamovarError } from '../../kernel/errors.ts';

/** `request.malformed_message`, for a reason that completes the sentence of the catalogue. */
export function malformedMessage(reason: string, cause?: unknown): SamovarError {
  return new SamovarError('request.malformed_message', { params: { reason }, cause });
}
