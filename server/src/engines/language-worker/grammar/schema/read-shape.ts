import { foldArray, foldNumber, foldObject, foldString } from './fold-keywords.ts';
import { jsonEqual } from './json-equal.ts';
import { type KeywordValues, keywordValues } from './keyword-values.ts';
import {
  type Conjunction,
  isSchemaObject,
  type LocatedSchema,
  located,
  pointerTo,
  resolveReference,
  type SchemaObject,
} from './located-schema.ts';
import { forbidden, impossible, unsupported } from './schema-error.ts';
import type { JsonType, Shape } from './shape.ts';

/** Keywords that a grammar cannot express; `false` or empty values of some of them say nothing. */
const refusedKeywords: Readonly<Record<string, string>> = {
  if: 'conditions are not supported; use anyOf',
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema, in a table of its keywords
  then: 'conditions are not supported; use anyOf',
  else: 'conditions are not supported; use anyOf',
  dependentRequired: 'dependencies between properties are not supported; use anyOf',
  dependentSchemas: 'dependencies between properties are not supported; use anyOf',
  dependencies: 'dependencies between properties are not supported; use anyOf',
  contains: 'a grammar cannot look for an item; describe all items',
  minContains: 'a grammar cannot look for an item; describe all items',
  maxContains: 'a grammar cannot look for an item; describe all items',
  unevaluatedProperties: 'not supported; use additionalProperties',
  unevaluatedItems: 'not supported; use items',
  $dynamicRef: 'dynamic references are not supported; use $ref',
  $recursiveRef: 'dynamic references are not supported; use $ref',
};

const allTypes: readonly JsonType[] = ['object', 'array', 'string', 'number', 'boolean', 'null'];

/** Which keywords speak of which type: without any `type`, they tell what is meant. */
const impliedTypes: readonly (readonly [JsonType, readonly string[]])[] = [
  [
    'object',
    [
      'properties',
      'required',
      'additionalProperties',
      'patternProperties',
      'propertyNames',
      'minProperties',
      'maxProperties',
    ],
  ],
  ['array', ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems']],
  ['string', ['minLength', 'maxLength', 'pattern', 'format']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
];

/**
 * Folds schemas that hold together into one: references followed, `allOf` merged, limits tightened.
 * @throws SchemaError naming the keyword.
 */
export function readShape(root: unknown, conjunction: Conjunction): Shape {
  const shape = emptyShape(conjunction[0]?.pointer ?? '');
  const implied = new Set<JsonType>();
  const seen = new Set<string>();
  const own: LocatedSchema[] = [];
  let typed = false;
  const queue = [...conjunction];
  for (const entry of queue) {
    const key = `${entry.part} ${entry.pointer}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (entry.schema === true) continue;
    if (entry.schema === false) throw forbidden(entry.pointer);
    if (!isSchemaObject(entry.schema))
      throw unsupported(entry.pointer, 'a schema is an object, true or false');
    const keywords = keywordValues(entry.schema, entry.pointer);
    if (entry.part === 'all') queue.push(...conjoined(root, keywords));
    readAlternatives(shape, entry, keywords);
    if (entry.part === 'anyOf' || entry.part === 'oneOf') continue;
    if (saysSomething(entry.schema)) own.push({ ...entry, part: 'own' });
    refuseUnsupported(keywords);
    typed = foldTypes(shape, keywords) || typed;
    foldValues(shape, keywords);
    foldNumber(shape.number, keywords);
    foldString(shape.string, keywords);
    foldArray(shape.array, keywords);
    foldObject(shape.object, keywords);
    for (const [type, names] of impliedTypes) if (names.some(keywords.has)) implied.add(type);
  }
  if (!typed && implied.size > 0) shape.types = implied;
  shape.own = own;
  return shape;
}

const shapingKeywords = ['type', 'nullable', 'enum', 'const', ...impliedTypes.flatMap(([, names]) => names)];

function saysSomething(schema: SchemaObject): boolean {
  return shapingKeywords.some((keyword) => Object.hasOwn(schema, keyword));
}

function conjoined(root: unknown, keywords: KeywordValues): LocatedSchema[] {
  const merged = (keywords.list('allOf') ?? []).map((part, index) =>
    located(part, pointerTo(keywords.at('allOf'), index)),
  );
  if (!keywords.has('$ref')) return merged;
  return [resolveReference(root, keywords.raw('$ref'), keywords.pointer), ...merged];
}

function readAlternatives(shape: Shape, entry: LocatedSchema, keywords: KeywordValues): void {
  for (const keyword of ['anyOf', 'oneOf'] as const) {
    if (entry.part !== 'all' && entry.part !== keyword) continue;
    const branches = keywords.list(keyword);
    if (!branches) continue;
    const at = keywords.at(keyword);
    if (branches.length === 0) throw impossible(at, 'an empty list allows nothing');
    shape.alternatives.push({
      keyword,
      branches: branches.map((branch, index) => located(branch, pointerTo(at, index))),
      source: { ...entry, part: keyword },
    });
  }
}

function refuseUnsupported(keywords: KeywordValues): void {
  for (const [keyword, reason] of Object.entries(refusedKeywords)) {
    if (keywords.has(keyword)) throw unsupported(keywords.at(keyword), reason);
  }
  if (keywords.has('not')) {
    const not = keywords.raw('not');
    if (not === true || (isSchemaObject(not) && Object.keys(not).length === 0)) {
      throw forbidden(keywords.at('not'));
    }
    if (not !== false)
      throw unsupported(keywords.at('not'), 'negation is not supported; describe what is allowed');
  }
}

function foldTypes(shape: Shape, keywords: KeywordValues): boolean {
  if (!keywords.has('type')) return false;
  const declared = keywords.raw('type');
  const names = Array.isArray(declared) ? declared : [declared];
  const types = new Set<JsonType>();
  for (const name of names) {
    if (name === 'integer') types.add('number');
    else if (isJsonType(name)) types.add(name);
    else throw unsupported(keywords.at('type'), `there is no type ${JSON.stringify(name)}`);
  }
  if (names.includes('integer') && !names.includes('number')) shape.number.integer = true;
  if (keywords.flag('nullable')) types.add('null');
  shape.types = shape.types.intersection(types);
  if (shape.types.size === 0) throw impossible(keywords.at('type'), 'no type is left that all parts allow');
  return true;
}

function isJsonType(name: unknown): name is JsonType {
  return allTypes.some((type) => type === name);
}

function foldValues(shape: Shape, keywords: KeywordValues): void {
  for (const keyword of ['enum', 'const']) {
    if (!keywords.has(keyword)) continue;
    const values = keyword === 'const' ? [keywords.raw('const')] : (keywords.list('enum') ?? []);
    const earlier = shape.values?.values;
    const left = earlier
      ? earlier.filter((value) => values.some((other) => jsonEqual(value, other)))
      : values.filter((value, index) => values.findIndex((other) => jsonEqual(value, other)) === index);
    if (left.length === 0) throw impossible(keywords.at(keyword), 'no value is left that all parts allow');
    shape.values = { values: left, pointer: keywords.at(keyword) };
  }
}

function emptyShape(pointer: string): Shape {
  return {
    pointer,
    types: new Set(allTypes),
    values: null,
    number: { integer: false, min: null, max: null, multiples: [] },
    string: { minLength: null, maxLength: null, patterns: [], formats: [] },
    array: { items: [], minItems: null, maxItems: null },
    object: { properties: [], required: new Map(), names: [], minProperties: null, maxProperties: null },
    alternatives: [],
    own: [],
  };
}
