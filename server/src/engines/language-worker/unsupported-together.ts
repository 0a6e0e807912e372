import { SamovarError } from '../../kernel/errors.ts';

/** The error of a parameter that is honoured, but not beside these others. */
export function unsupportedTogether(parameter: string, ...others: readonly string[]): SamovarError {
  const named = `${parameter}\` together with \`${others.join('` or `')}`;
  return new SamovarError('engine.unsupported_parameter', {
    params: { parameter: named },
    field: parameter,
  });
}
