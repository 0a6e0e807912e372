import { decimalOf } from '../regular/decimal.ts';
import { matches } from '../regular/derive.ts';
import { patternLanguage } from '../regular/pattern-language.ts';
import { jsonEqual } from './json-equal.ts';
import { type Conjunction, isSchemaObject, type LocatedSchema } from './located-schema.ts';
import { readShape } from './read-shape.ts';
import type { SchemaContext } from './schema-context.ts';
import { SchemaError } from './schema-error.ts';
import type { ArrayShape, JsonType, NumberShape, ObjectShape, PropertiesShape, Shape } from './shape.ts';
import { stringLanguage } from './string-rule.ts';

/** Whether a value satisfies all the schemas: which values of an `enum` its neighbours leave. */
export function admits(context: SchemaContext, conjunction: Conjunction, value: unknown): boolean {
  let shape: Shape;
  try {
    shape = readShape(context.root, conjunction);
  } catch (error) {
    if (error instanceof SchemaError && error.kind !== 'unsupported') return false;
    throw error;
  }
  return (
    shape.types.has(typeOf(value)) &&
    (shape.values === null || shape.values.values.some((allowed) => jsonEqual(allowed, value))) &&
    admitsOfType(context, shape, value) &&
    shape.alternatives.every(({ keyword, branches }) => {
      const fitting = branches.filter((branch) => admits(context, [branch], value)).length;
      return keyword === 'anyOf' ? fitting > 0 : fitting === 1;
    })
  );
}

function typeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'number' ? 'number' : 'object';
}

function admitsOfType(context: SchemaContext, shape: Shape, value: unknown): boolean {
  if (typeof value === 'string')
    return matches(context.space, stringLanguage(context.space, shape.string), value);
  if (typeof value === 'number') return admitsNumber(shape.number, value);
  if (Array.isArray(value)) return admitsArray(context, shape.array, value);
  if (isSchemaObject(value)) return admitsObject(context, shape.object, value);
  return true;
}

function admitsNumber({ integer, min, max, multiples }: NumberShape, value: number): boolean {
  return (
    (!integer || Number.isInteger(value)) &&
    (!min || value > min.value || (value === min.value && !min.exclusive)) &&
    (!max || value < max.value || (value === max.value && !max.exclusive)) &&
    multiples.every((multiple) => isMultiple(value, multiple.value))
  );
}

/** Exact, on the decimals as they are written: 0.3 is a multiple of 0.1. */
function isMultiple(value: number, step: number): boolean {
  const [a, b] = [decimalOf(value), decimalOf(step)];
  const places = Math.max(a.fraction.length, b.fraction.length);
  const scaled = ({ digits, fraction }: typeof a) => BigInt(digits + fraction.padEnd(places, '0'));
  return scaled(a) % scaled(b) === 0n;
}

function admitsArray(context: SchemaContext, shape: ArrayShape, value: readonly unknown[]): boolean {
  return (
    value.length >= (shape.minItems?.value ?? 0) &&
    value.length <= (shape.maxItems?.value ?? Number.POSITIVE_INFINITY) &&
    shape.items.every(({ prefix, rest }) =>
      value.every((item, index) => {
        const schema = prefix[index] ?? rest;
        return schema === undefined || admits(context, [schema], item);
      }),
    )
  );
}

function admitsObject(
  context: SchemaContext,
  shape: ObjectShape,
  value: Readonly<Record<string, unknown>>,
): boolean {
  const entries = Object.entries(value);
  return (
    entries.length >= (shape.minProperties?.value ?? 0) &&
    entries.length <= (shape.maxProperties?.value ?? Number.POSITIVE_INFINITY) &&
    [...shape.required.keys()].every((name) => Object.hasOwn(value, name)) &&
    entries.every(
      ([name, inner]) =>
        admits(context, shape.names, name) &&
        shape.properties.every((said) => admits(context, propertySchemas(context, said, name), inner)),
    )
  );
}

/** What one object schema says about the property of a name. */
export function propertySchemas(
  context: SchemaContext,
  said: PropertiesShape,
  name: string,
): LocatedSchema[] {
  const declared = said.properties.get(name);
  const schemas = declared ? [declared] : [];
  for (const { pattern, schema } of said.patterns) {
    if (matches(context.space, patternLanguage(context.space, pattern), name)) schemas.push(schema);
  }
  return schemas.length === 0 && said.additional ? [said.additional] : schemas;
}
