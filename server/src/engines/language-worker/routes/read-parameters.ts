import { SamovarError } from '../../../kernel/errors.ts';
import { isJsonObject, type JsonObject } from '../../worker-http/read-json-body.ts';

/** An error that names the parameter at fault. */
export function invalidParameter(parameter: string, reason: string): SamovarError {
  return new SamovarError('request.invalid', { params: { parameter, reason }, field: parameter });
}

export function unsupportedParameter(parameter: string): SamovarError {
  return new SamovarError('engine.unsupported_parameter', { params: { parameter }, field: parameter });
}

/** Refuses by name what is not in the list; `null` is the same as absent. */
export function refuseOthers(body: JsonObject, known: ReadonlySet<string>): void {
  for (const [name, value] of Object.entries(body))
    if (!known.has(name) && value !== null) throw unsupportedParameter(name);
}

export interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly integer?: true;
}

/** The number under this name, or the fallback when it is absent or `null`. */
export function readNumber<T>(body: JsonObject, name: string, range: NumberRange, fallback: T): number | T {
  const value = body[name] ?? null;
  if (value === null) return fallback;
  if (typeof value !== 'number' || (range.integer && !Number.isInteger(value)))
    throw invalidParameter(name, `it must be ${range.integer ? 'an integer' : 'a number'}`);
  if (value < range.min || value > range.max)
    throw invalidParameter(name, `it must be from ${range.min} to ${range.max}`);
  return value;
}

export function readBoolean(body: JsonObject, name: string, fallback: boolean): boolean {
  const value = body[name] ?? null;
  if (value === null) return fallback;
  if (typeof value !== 'boolean') throw invalidParameter(name, 'it must be true or false');
  return value;
}

/** The object under this name, or an empty one. */
export function readObject(body: JsonObject, name: string): JsonObject {
  const value = body[name] ?? null;
  if (value === null) return {};
  if (!isJsonObject(value)) throw invalidParameter(name, 'it must be an object');
  return value;
}

const mostStops = 4;

/** `stop`: up to four texts. */
export function readStops(body: JsonObject): string[] {
  const value = body.stop ?? null;
  if (value === null) return [];
  const stops: unknown[] = Array.isArray(value) ? value : [value];
  if (stops.length > mostStops) throw invalidParameter('stop', `it takes at most ${mostStops} texts`);
  return stops.map((stop) => {
    if (typeof stop !== 'string' || stop === '')
      throw invalidParameter('stop', 'it must be a text that is not empty, or a list of them');
    return stop;
  });
}
