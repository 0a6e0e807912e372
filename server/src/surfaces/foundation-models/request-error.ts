import { SamovarError } from '../../kernel/errors.ts';

/** 400: the value breaks a rule of its field. Fields go by their JSON names, as a path. */
export function invalidField(field: string, reason: string): SamovarError {
  return new SamovarError('request.invalid', { params: { parameter: field, reason }, field });
}

/** 400: a required field was not sent. */
export function missingField(field: string): SamovarError {
  return new SamovarError('request.missing_parameter', { params: { parameter: field }, field });
}

/** 400: no message has such a field. */
export function unknownField(field: string): SamovarError {
  return new SamovarError('request.unknown_parameter', { params: { parameter: field }, field });
}
