import fc from 'fast-check';
import type { TSchema } from 'typebox';
import type { SchemaView } from '../src/surfaces/openai/schema-view.ts';

const longestList = 3;
const longestText = 40;

/** Values that fit a schema, small enough to send many. */
export function arbitraryOf(schema: TSchema): fc.Arbitrary<unknown> {
  const view: SchemaView = schema;
  if (view.const !== undefined) return fc.constant(view.const);
  if (view.enum !== undefined) return fc.constantFrom(...view.enum);
  if (view.anyOf !== undefined) return fc.oneof(...view.anyOf.map(arbitraryOf));
  switch (view.type) {
    case 'string':
      return textOf(view);
    case 'integer':
      return fc.integer({ min: view.minimum ?? -1000, max: Math.min(view.maximum ?? 1000, 2 ** 31 - 1) });
    case 'number':
      return fc.double({ min: view.minimum ?? -1000, max: view.maximum ?? 1000, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return listOf(view);
    case 'object':
      return objectOf(view);
    default:
      return fc.jsonValue({ maxDepth: 3 });
  }
}

function textOf(view: SchemaView): fc.Arbitrary<string> {
  if (view.pattern?.includes('[a-zA-Z0-9_-]')) return fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/);
  return fc.string({
    unit: 'grapheme',
    minLength: view.minLength ?? 0,
    maxLength: Math.min(view.maxLength ?? longestText, longestText),
  });
}

function listOf(view: SchemaView): fc.Arbitrary<unknown[]> {
  return fc.array(view.items === undefined ? fc.jsonValue() : arbitraryOf(view.items), {
    minLength: view.minItems ?? 0,
    maxLength: Math.max(view.minItems ?? 0, Math.min(view.maxItems ?? longestList, longestList)),
  });
}

function objectOf(view: SchemaView): fc.Arbitrary<unknown> {
  const [pattern] = Object.entries(view.patternProperties ?? {});
  if (pattern !== undefined) {
    const key = pattern[0].includes('[0-9]')
      ? fc.nat(2000).map(String)
      : fc.string({ minLength: 1, maxLength: 20 });
    return fc.dictionary(key, arbitraryOf(pattern[1]), { maxKeys: longestList });
  }
  if (view.properties === undefined || Object.keys(view.properties).length === 0)
    return fc.dictionary(fc.string({ maxLength: 10 }), fc.jsonValue({ maxDepth: 3 }), {
      maxKeys: longestList,
    });
  const members = Object.fromEntries(
    Object.entries(view.properties).map(([name, schema]) => [name, arbitraryOf(schema)]),
  );
  return fc.record(members, { requiredKeys: (view.required ?? []).filter((name) => name in members) });
}
