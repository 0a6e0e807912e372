import type { KeywordValues } from './keyword-values.ts';
import { isSchemaObject, located, pointerTo } from './located-schema.ts';
import { unsupported } from './schema-error.ts';
import type { ArrayShape, Bound, NumberShape, ObjectShape, StringShape } from './shape.ts';

export function foldNumber(shape: NumberShape, keywords: KeywordValues): void {
  for (const [keyword, exclusive] of [
    ['minimum', false],
    ['exclusiveMinimum', true],
  ] as const) {
    const value = keywords.number(keyword);
    if (value === undefined) continue;
    const { min } = shape;
    if (!min || value > min.value || (value === min.value && exclusive)) {
      shape.min = { value, exclusive, pointer: keywords.at(keyword) };
    }
  }
  for (const [keyword, exclusive] of [
    ['maximum', false],
    ['exclusiveMaximum', true],
  ] as const) {
    const value = keywords.number(keyword);
    if (value === undefined) continue;
    const { max } = shape;
    if (!max || value < max.value || (value === max.value && exclusive)) {
      shape.max = { value, exclusive, pointer: keywords.at(keyword) };
    }
  }
  const multiple = keywords.number('multipleOf');
  if (multiple === undefined) return;
  if (multiple <= 0) throw unsupported(keywords.at('multipleOf'), 'must be greater than 0');
  shape.multiples.push({ value: multiple, pointer: keywords.at('multipleOf') });
}

export function foldString(shape: StringShape, keywords: KeywordValues): void {
  shape.minLength = larger(shape.minLength, keywords, 'minLength');
  shape.maxLength = smaller(shape.maxLength, keywords, 'maxLength');
  const pattern = keywords.text('pattern');
  if (pattern !== undefined) shape.patterns.push({ pattern, pointer: keywords.at('pattern') });
  const format = keywords.text('format');
  if (format !== undefined) shape.formats.push({ format, pointer: keywords.at('format') });
}

export function foldArray(shape: ArrayShape, keywords: KeywordValues): void {
  shape.minItems = larger(shape.minItems, keywords, 'minItems');
  shape.maxItems = smaller(shape.maxItems, keywords, 'maxItems');
  if (keywords.flag('uniqueItems')) {
    throw unsupported(
      keywords.at('uniqueItems'),
      'a grammar cannot compare items; leave it out and check afterwards',
    );
  }
  // Before draft 2020-12, `items` was the list and `additionalItems` the rest.
  const items = keywords.raw('items');
  const [listed, rest] = Array.isArray(items) ? ['items', 'additionalItems'] : ['prefixItems', 'items'];
  if (!keywords.has(listed) && !keywords.has(rest)) return;
  shape.items.push({
    prefix: (keywords.list(listed) ?? []).map((schema, index) =>
      located(schema, pointerTo(keywords.at(listed), index)),
    ),
    rest: keywords.has(rest) ? located(keywords.raw(rest), keywords.at(rest)) : undefined,
  });
}

export function foldObject(shape: ObjectShape, keywords: KeywordValues): void {
  shape.minProperties = larger(shape.minProperties, keywords, 'minProperties');
  shape.maxProperties = smaller(shape.maxProperties, keywords, 'maxProperties');
  for (const name of keywords.list('required') ?? []) {
    if (typeof name !== 'string') throw unsupported(keywords.at('required'), 'must list names of properties');
    if (!shape.required.has(name)) shape.required.set(name, keywords.at('required'));
  }
  if (keywords.has('propertyNames')) {
    shape.names.push(located(keywords.raw('propertyNames'), keywords.at('propertyNames')));
  }
  if (!['properties', 'patternProperties', 'additionalProperties'].some(keywords.has)) return;
  const schemas = (keyword: string) =>
    Object.entries(keywords.map(keyword) ?? {}).map(
      ([name, schema]) => [name, located(schema, pointerTo(keywords.at(keyword), name))] as const,
    );
  const additional = keywords.raw('additionalProperties');
  if (additional !== undefined && typeof additional !== 'boolean' && !isSchemaObject(additional)) {
    throw unsupported(keywords.at('additionalProperties'), 'must be a schema, true or false');
  }
  shape.properties.push({
    properties: new Map(schemas('properties')),
    patterns: schemas('patternProperties').map(([pattern, schema]) => ({ pattern, schema })),
    additional:
      additional === undefined ? undefined : located(additional, keywords.at('additionalProperties')),
  });
}

function larger(known: Bound | null, keywords: KeywordValues, keyword: string): Bound | null {
  const value = keywords.count(keyword);
  return value === undefined || (known && known.value >= value)
    ? known
    : { value, pointer: keywords.at(keyword) };
}

function smaller(known: Bound | null, keywords: KeywordValues, keyword: string): Bound | null {
  const value = keywords.count(keyword);
  return value === undefined || (known && known.value <= value)
    ? known
    : { value, pointer: keywords.at(keyword) };
}
