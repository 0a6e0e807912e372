import { SamovarError } from '../../kernel/errors.ts';
import { explainMismatch } from './explain-mismatch.ts';
import type { CompiledParameter, CompiledTable } from './parameter.ts';

export interface CheckedParameters {
  /** The honoured parameters that were sent, as they were sent. */
  readonly honoured: Record<string, unknown>;
  /** Names of the parameters that were accepted without effect. */
  readonly ignored: readonly string[];
}

/**
 * Sorts the parameters of a body by their treatment.
 * Throws `request.unknown_parameter`, `request.unsupported_parameter`, `request.invalid` or
 * `request.missing_parameter` for the first one at fault.
 */
export function checkParameters(
  table: CompiledTable,
  body: Readonly<Record<string, unknown>>,
): CheckedParameters {
  const honoured: Record<string, unknown> = {};
  const ignored: string[] = [];
  for (const name of Object.keys(body)) {
    const entry = table.parameters.get(name);
    if (entry === undefined) throw unknownParameter(name);
    const value = body[name];
    if (value === null) continue;
    checkValue(entry, value);
    if (entry.parameter.treatment === 'honoured') honoured[name] = value;
    else ignored.push(name);
  }
  for (const name of table.required) {
    if (honoured[name] === undefined) throw missingParameter(name);
  }
  return { honoured, ignored };
}

function checkValue({ name, parameter, validator }: CompiledParameter, value: unknown): void {
  if (parameter.treatment === 'refused' || validator === null)
    throw unsupportedParameter(
      name,
      parameter.treatment === 'refused' ? parameter.reason : 'not served here',
    );
  if (validator.Check(value)) return;
  if (parameter.treatment === 'accepted' && parameter.reason !== undefined)
    throw unsupportedParameter(name, parameter.reason);
  throw explainMismatch(parameter.schema, value, name);
}

/** 400: the parameter is not part of the API. */
export function unknownParameter(name: string): SamovarError {
  const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name;
  return new SamovarError('request.unknown_parameter', { params: { parameter: shown }, field: shown });
}

/** 400: the parameter, or this value of it, is part of the API but not served here. */
export function unsupportedParameter(name: string, reason: string): SamovarError {
  return new SamovarError('request.unsupported_parameter', {
    params: { parameter: name, reason },
    field: name,
  });
}

/** 400: a required parameter was not sent. */
export function missingParameter(name: string): SamovarError {
  return new SamovarError('request.missing_parameter', { params: { parameter: name }, field: name });
}

/** 400: the value breaks a rule that a schema does not express. */
export function invalidParameter(
  name: string,
  reason: string,
  kind: 'invalid_type' | 'invalid_value' = 'invalid_value',
): SamovarError {
  return new SamovarError('request.invalid', { params: { parameter: name, reason, kind }, field: name });
}
