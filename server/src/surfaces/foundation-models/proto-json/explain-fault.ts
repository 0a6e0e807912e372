import { type DescField, type DescMessage, fromJson, type JsonValue, ScalarType } from '@bufbuild/protobuf';
import type { SamovarError } from '../../../kernel/errors.ts';
import { invalidField, unknownField } from '../request-error.ts';

/** Names in errors are cut: a client may send very long ones. */
const longestName = 100;

/**
 * Tells which field of a body its message does not take, and why. Called only after reading has failed, so it may
 * read parts of the body again until it finds the innermost one that fails; without a body it tells what the reader said.
 */
export function explainFault(schema: DescMessage, json: JsonValue | null, thrown: unknown): SamovarError {
  const fault = json === null ? null : faultIn(schema, json, '');
  return fault ?? invalidField('body', reasonOf(thrown));
}

function faultIn(schema: DescMessage, json: JsonValue, path: string): SamovarError | null {
  if (isFreeForm(schema)) return null;
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return invalidField(path || 'body', `expected an object, but got ${kindOf(json)}`);
  for (const [name, value] of Object.entries(json)) {
    const at = path === '' ? shown(name) : `${path}.${shown(name)}`;
    const field = schema.fields.find((each) => each.jsonName === name || each.name === name);
    if (field === undefined) return unknownField(at);
    const fault = faultOfField(schema, field, { name, value, at });
    if (fault !== null) return fault;
  }
  return faultBetween(schema, json, path);
}

function faultOfField(
  schema: DescMessage,
  field: DescField,
  { name, value, at }: { readonly name: string; readonly value: JsonValue; readonly at: string },
): SamovarError | null {
  if (value === null) return null;
  if (field.fieldKind === 'message') {
    const inner = faultIn(field.message, value, at);
    if (inner !== null) return inner;
  }
  if (field.fieldKind === 'list' && Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (item === null) return invalidField(`${at}[${index}]`, 'it must not be null');
      const inner =
        field.listKind === 'message'
          ? faultIn(field.message, item, `${at}[${index}]`)
          : isTaken(schema, name, [item])
            ? null
            : invalidField(`${at}[${index}]`, `${expectationOfItem(field)}, but got ${kindOf(item)}`);
      if (inner !== null) return inner;
    }
  }
  if (isTaken(schema, name, value)) return null;
  return invalidField(at, `${expectation(field)}, but got ${kindOf(value)}`);
}

function isTaken(schema: DescMessage, name: string, value: JsonValue): boolean {
  try {
    fromJson(schema, { [name]: value });
    return true;
  } catch {
    return false;
  }
}

/** Every field is right by itself: two of them must exclude each other. */
function faultBetween(schema: DescMessage, json: JsonValue, path: string): SamovarError | null {
  try {
    fromJson(schema, json);
    return null;
  } catch (thrown) {
    return invalidField(path || 'body', reasonOf(thrown));
  }
}

/** Messages whose JSON is not an object with their fields. */
function isFreeForm({ typeName }: DescMessage): boolean {
  return typeName.startsWith('google.protobuf.');
}

function expectation(field: DescField): string {
  return field.fieldKind === 'list' ? 'expected an array' : expectationOfItem(field);
}

/** What a field takes, each item of it where it is a list. */
function expectationOfItem(field: DescField): string {
  if (field.enum) return `expected one of ${field.enum.values.map((value) => value.name).join(', ')}`;
  if (field.message) {
    const names: Record<string, string> = {
      'google.protobuf.Struct': 'expected an object',
      'google.protobuf.DoubleValue': 'expected a number',
      'google.protobuf.Int64Value': 'expected an integer',
      'google.protobuf.BoolValue': 'expected true or false',
    };
    return names[field.message.typeName] ?? 'expected an object';
  }
  if (field.scalar === ScalarType.STRING) return 'expected a string';
  if (field.scalar === ScalarType.BOOL) return 'expected true or false';
  if (field.scalar === ScalarType.INT64) return 'expected an integer';
  return 'expected another value';
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return shown(JSON.stringify(value));
}

function reasonOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.replace(/^cannot decode .*? from JSON: /, '').slice(0, 200);
}

function shown(name: string): string {
  return name.length > longestName ? `${name.slice(0, longestName)}…` : name;
}
