import type { Route } from '@samovar/contract/route';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { SamovarError } from '../../kernel/errors.ts';

/** The parts of a request that schemas describe. */
export interface RequestParts {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/**
 * A check of a route's requests against its schemas. Path and query values, which are text on the wire, are
 * converted to the declared types; bodies are taken as they are. Throws `request.invalid` or
 * `request.unknown_parameter` for the first fault.
 */
export function createRequestCheck(route: Route): (parts: RequestParts) => RequestParts {
  const params = route.params && createCheck(route.params, true);
  const query = route.query && createCheck(route.query, true);
  const body = route.body && createCheck(route.body, false);
  return (parts) => ({
    params: params ? params(parts.params) : parts.params,
    query: query ? query(parts.query) : parts.query,
    body: body ? body(parts.body ?? (route.bodyOptional ? {} : parts.body)) : parts.body,
  });
}

function createCheck(schema: TSchema, convert: boolean): (value: unknown) => unknown {
  const validator = Compile(schema);
  return (given) => {
    const value = convert ? validator.Convert(given) : given;
    if (validator.Check(value)) return value;
    throw firstFault(validator.Errors(value));
  };
}

interface Fault {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

function firstFault(faults: readonly Fault[]): SamovarError {
  const fault = faults.find((candidate) => !['anyOf', 'boolean'].includes(candidate.keyword)) ?? faults[0];
  if (!fault) return invalid('request', 'it does not fit the schema.');
  const base = fault.instancePath.split('/').slice(1).join('.');
  const names = namedProperties(fault.params);
  const parameter = [base, names[0]].filter(Boolean).join('.') || 'body';
  if (fault.keyword === 'additionalProperties')
    return new SamovarError('request.unknown_parameter', { params: { parameter }, field: parameter });
  if (fault.keyword === 'required') return invalid(parameter, 'it is required.');
  return invalid(parameter, `${fault.message}.`);
}

/** Property names that a `required` or `additionalProperties` fault speaks of. */
function namedProperties(params: object): string[] {
  for (const [name, value] of Object.entries(params)) {
    if (/properties/i.test(name) && Array.isArray(value)) return value.map(String);
  }
  return [];
}

function invalid(parameter: string, reason: string): SamovarError {
  return new SamovarError('request.invalid', { params: { parameter, reason }, field: parameter });
}
