import { type DescField, type DescMessage, type JsonValue, ScalarType } from '@bufbuild/protobuf';
import { invalidField } from '../request-error.ts';

/** Where numbers are in messages of a kind: the forms of a field's own texts, or the message that lies in it. */
type NumberFields = ReadonlyMap<string, RegExp | NumberFields>;

/** Numbers as texts are decimal: the library would take `0x5`, ` 5 ` and an empty text for integers too. */
const integer = /^-?\d+$/;
const decimal = /^(-?\d+(\.\d+)?([eE][+-]?\d+)?|NaN|-?Infinity)$/;

const known = new WeakMap<DescMessage, NumberFields>();

/** Refuses numbers that are written as texts of another form than proto3 JSON has. Throws `request.invalid`. */
export function checkNumbers(schema: DescMessage, json: JsonValue): void {
  check(numberFields(schema), json, '');
}

function check(fields: NumberFields, json: JsonValue, path: string): void {
  if (typeof json !== 'object' || json === null || Array.isArray(json) || fields.size === 0) return;
  for (const [name, value] of Object.entries(json)) {
    const field = fields.get(name);
    if (field === undefined) continue;
    const at = path === '' ? name : `${path}.${name}`;
    const values = Array.isArray(value)
      ? value.map((item, index) => ({ item, at: `${at}[${index}]` }))
      : null;
    for (const one of values ?? [{ item: value, at }])
      if (!(field instanceof RegExp)) check(field, one.item, one.at);
      else if (typeof one.item === 'string' && !field.test(one.item))
        throw invalidField(
          one.at,
          `expected a decimal number, but got ${JSON.stringify(one.item.slice(0, 100))}`,
        );
  }
}

function numberFields(schema: DescMessage): NumberFields {
  const found = known.get(schema);
  if (found) return found;
  const fields = new Map<string, RegExp | NumberFields>();
  // Before its fields: a message may lie in itself.
  known.set(schema, fields);
  for (const field of schema.fields) {
    const form = numberForm(field);
    if (form === null) continue;
    fields.set(field.jsonName, form);
    fields.set(field.name, form);
  }
  return fields;
}

function numberForm(field: DescField): RegExp | NumberFields | null {
  const message = field.message;
  if (message?.typeName.startsWith('google.protobuf.')) {
    const [value] = message.fields;
    const isWrapper = message.typeName.endsWith('Value') && message.fields.length === 1;
    return isWrapper && value !== undefined ? numberForm(value) : null;
  }
  if (message && field.fieldKind !== 'map') return numberFields(message);
  return field.scalar === undefined ? null : (scalarForms.get(field.scalar) ?? null);
}

const scalarForms: ReadonlyMap<ScalarType, RegExp> = new Map([
  [ScalarType.INT64, integer],
  [ScalarType.UINT64, integer],
  [ScalarType.INT32, decimal],
  [ScalarType.UINT32, decimal],
  [ScalarType.DOUBLE, decimal],
  [ScalarType.FLOAT, decimal],
]);
