import { isSchemaObject, pointerTo, type SchemaObject } from './located-schema.ts';
import { unsupported } from './schema-error.ts';

/** Keywords read with their types checked; an absent keyword is `undefined`. */
export interface KeywordValues {
  readonly pointer: string;
  has(keyword: string): boolean;
  raw(keyword: string): unknown;
  at(keyword: string): string;
  count(keyword: string): number | undefined;
  number(keyword: string): number | undefined;
  text(keyword: string): string | undefined;
  flag(keyword: string): boolean | undefined;
  list(keyword: string): readonly unknown[] | undefined;
  map(keyword: string): SchemaObject | undefined;
}

export function keywordValues(schema: SchemaObject, pointer: string): KeywordValues {
  const read =
    <T>(is: (value: unknown) => value is T, what: string) =>
    (keyword: string): T | undefined => {
      if (!Object.hasOwn(schema, keyword)) return undefined;
      const value = schema[keyword];
      if (!is(value)) throw unsupported(pointerTo(pointer, keyword), `must be ${what}`);
      return value;
    };
  return {
    pointer,
    has: (keyword) => Object.hasOwn(schema, keyword),
    raw: (keyword) => schema[keyword],
    at: (keyword) => pointerTo(pointer, keyword),
    count: read(isCount, 'a whole number of at least 0'),
    number: read(isFiniteNumber, 'a number'),
    text: read((value): value is string => typeof value === 'string', 'a text'),
    flag: read((value): value is boolean => typeof value === 'boolean', 'true or false'),
    list: read((value): value is unknown[] => Array.isArray(value), 'a list'),
    map: read(isSchemaObject, 'an object'),
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
