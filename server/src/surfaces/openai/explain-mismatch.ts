import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { SamovarError } from '../../kernel/errors.ts';
import type { SchemaView } from './schema-view.ts';

type Members = Readonly<Record<string, unknown>>;

/**
 * Tells why a value that fails its schema fails, as one error with the path of the innermost fault
 * (`messages[1].content[0].text`). Called only after a compiled check has failed, so it need not be fast.
 */
export function explainMismatch(schema: TSchema, value: unknown, path: string): SamovarError {
  const view: SchemaView = schema;
  if (view.anyOf !== undefined) return explainUnion(view.anyOf, value, path);
  const literals = literalsOf(schema);
  if (literals !== null) return fault(path, `supported values are ${list(literals)}`, 'invalid_value');
  if (view.type !== undefined && !hasType(value, view.type))
    return fault(path, `expected ${article(view.type)}, but got ${describe(value)}`, 'invalid_type');
  if (Array.isArray(value)) return explainArray(view, value, path);
  if (isMembers(value)) return explainObject(view, value, path);
  return fault(path, limitOf(view), 'invalid_value');
}

function explainArray(view: SchemaView, value: readonly unknown[], path: string): SamovarError {
  if (view.minItems !== undefined && value.length < view.minItems)
    return fault(
      path,
      `expected at least ${view.minItems} item(s), but got ${value.length}`,
      'invalid_value',
    );
  if (view.maxItems !== undefined && value.length > view.maxItems)
    return fault(path, `expected at most ${view.maxItems} items, but got ${value.length}`, 'invalid_value');
  const items = view.items;
  if (items !== undefined) {
    const index = value.findIndex((item) => !Value.Check(items, item));
    if (index >= 0) return explainMismatch(items, value[index], `${path}[${index}]`);
  }
  return fault(path, 'the items do not fit', 'invalid_value');
}

function explainObject(view: SchemaView, value: Members, path: string): SamovarError {
  const known = view.properties ?? {};
  // What an object says it is explains the rest of its faults.
  for (const tag of ['type', 'role']) {
    const schema = known[tag];
    if (schema !== undefined && value[tag] !== undefined && !Value.Check(schema, value[tag]))
      return explainMismatch(schema, value[tag], `${path}.${tag}`);
  }
  for (const name of view.required ?? []) {
    if (value[name] === undefined)
      return new SamovarError('request.missing_parameter', {
        params: { parameter: `${path}.${name}` },
        field: `${path}.${name}`,
      });
  }
  if (view.maxProperties !== undefined && Object.keys(value).length > view.maxProperties)
    return fault(path, `expected at most ${view.maxProperties} entries`, 'invalid_value');
  for (const [name, member] of Object.entries(value)) {
    const inner = memberPath(path, name);
    const schema = memberSchema(view, known, name);
    if (schema !== null && !Value.Check(schema, member)) return explainMismatch(schema, member, inner);
    if (schema === null && view.additionalProperties === false)
      return new SamovarError('request.unknown_parameter', { params: { parameter: inner }, field: inner });
  }
  return fault(path, 'the object does not fit', 'invalid_value');
}

function memberSchema(
  view: SchemaView,
  known: Readonly<Record<string, TSchema>>,
  name: string,
): TSchema | null {
  if (Object.hasOwn(known, name)) return known[name] ?? null;
  for (const [pattern, schema] of Object.entries(view.patternProperties ?? {})) {
    if (new RegExp(pattern, 'u').test(name)) return schema;
  }
  return null;
}

/** The variant that the value seems to mean: by its `type` or `role`, else by its JSON type. */
function explainUnion(variants: readonly TSchema[], value: unknown, path: string): SamovarError {
  const flat = variants.flatMap(flatten).filter((variant) => (variant as SchemaView).type !== 'null');
  const fitting = flat.filter((variant) => fitsType(variant, value));
  if (fitting.length === 0) {
    const literals = flat.map(literalsOf);
    if (literals.every((each) => each !== null))
      return fault(path, `supported values are ${list(literals.flat())}`, 'invalid_value');
    const names = [...new Set(flat.map((variant) => article(typeName(variant))))];
    return fault(path, `expected ${names.join(' or ')}, but got ${describe(value)}`, 'invalid_type');
  }
  const [only] = fitting;
  if (fitting.length === 1 && only !== undefined) return explainMismatch(only, value, path);
  if (isMembers(value)) return explainTagged(fitting, value, path);
  const literals = fitting.map(literalsOf);
  if (literals.every((each) => each !== null))
    return fault(path, `supported values are ${list(literals.flat())}`, 'invalid_value');
  return only === undefined
    ? fault(path, 'it does not fit', 'invalid_value')
    : explainMismatch(closestArray(fitting, value) ?? only, value, path);
}

function explainTagged(variants: readonly TSchema[], value: Members, path: string): SamovarError {
  let candidates = variants;
  for (const tag of ['type', 'role']) {
    const tagged = candidates.filter((variant) => tagOf(variant, tag) !== null);
    if (tagged.length === 0) continue;
    const sent = value[tag];
    if (sent === undefined) {
      const untagged = candidates.filter((variant) => !requires(variant, tag));
      if (untagged.length === 0) return explainObject({ required: [tag] }, value, path);
      candidates = untagged;
      continue;
    }
    const meant = tagged.filter((variant) => tagOf(variant, tag)?.includes(sent));
    if (meant.length === 0)
      return fault(
        `${path}.${tag}`,
        `supported values are ${list(tagged.flatMap((each) => tagOf(each, tag) ?? []))}`,
        'invalid_value',
      );
    candidates = meant;
  }
  const [first] = candidates;
  return first === undefined
    ? fault(path, 'it does not fit', 'invalid_value')
    : explainMismatch(first, value, path);
}

/** Of several array variants, the one whose items have the JSON type of the first item sent. */
function closestArray(variants: readonly TSchema[], value: unknown): TSchema | undefined {
  if (!Array.isArray(value)) return undefined;
  return variants.find((variant) => {
    const items = (variant as SchemaView).items;
    return items !== undefined && fitsType(items, value[0]);
  });
}

function flatten(schema: TSchema): readonly TSchema[] {
  const inner = (schema as SchemaView).anyOf;
  return inner === undefined ? [schema] : inner.flatMap(flatten);
}

function literalsOf(schema: TSchema): readonly unknown[] | null {
  const view: SchemaView = schema;
  if (view.const !== undefined) return [view.const];
  if (view.enum !== undefined) return view.enum;
  if (view.anyOf === undefined) return null;
  const inner = view.anyOf.map(literalsOf);
  return inner.every((each) => each !== null) ? inner.flat() : null;
}

function tagOf(schema: TSchema, tag: string): readonly unknown[] | null {
  const property = (schema as SchemaView).properties?.[tag];
  return property === undefined ? null : literalsOf(property);
}

function requires(schema: TSchema, name: string): boolean {
  return (schema as SchemaView).required?.includes(name) ?? false;
}

function fitsType(schema: TSchema, value: unknown): boolean {
  const view: SchemaView = schema;
  if (view.anyOf !== undefined) return view.anyOf.some((variant) => fitsType(variant, value));
  const literals = literalsOf(schema);
  if (literals !== null) return literals.some((literal) => typeof literal === typeof value);
  return view.type === undefined || hasType(value, view.type);
}

function hasType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object') return isMembers(value);
  return typeof value === type;
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeName(schema: TSchema): string {
  const view: SchemaView = schema;
  return view.type ?? typeof literalsOf(schema)?.[0];
}

function limitOf(view: SchemaView): string {
  if (view.pattern !== undefined) return `it must match ${view.pattern}`;
  const limits = [
    view.minimum === undefined ? null : `at least ${view.minimum}`,
    view.exclusiveMinimum === undefined ? null : `greater than ${view.exclusiveMinimum}`,
    view.maximum === undefined ? null : `at most ${view.maximum}`,
    view.minLength === undefined ? null : `at least ${view.minLength} character(s) long`,
    view.maxLength === undefined ? null : `at most ${view.maxLength} characters long`,
  ].filter((limit) => limit !== null);
  return limits.length === 0 ? 'it does not fit' : `it must be ${limits.join(' and ')}`;
}

function memberPath(path: string, name: string): string {
  return `${path}.${name.length > 64 ? `${name.slice(0, 64)}…` : name}`;
}

function article(type: string): string {
  return type === 'null' ? 'null' : `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (Number.isInteger(value)) return 'an integer';
  return article(typeof value);
}

function list(values: readonly unknown[]): string {
  return [...new Set(values.map((value) => JSON.stringify(value)))].join(', ');
}

function fault(path: string, reason: string, kind: 'invalid_type' | 'invalid_value'): SamovarError {
  return new SamovarError('request.invalid', { params: { parameter: path, reason, kind }, field: path });
}
