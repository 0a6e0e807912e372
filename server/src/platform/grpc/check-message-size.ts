import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { SamovarError } from '../../kernel/errors.ts';

/** Smaller messages cannot hold enough fields to matter. */
const harmlessBytes = 64 * 1024;
/** An object of a parsed message takes a hundred times the two bytes that an empty one takes on the wire. */
const mostFields = 250_000;
const deepest = 100;

/** What of a message is a message again, by field number. */
type Inner = ReadonlyMap<number, () => Inner>;

const none: Inner = new Map();
const innerOf = new WeakMap<DescMessage, Inner>();

/** Throws `request.malformed_message` for a message of so many fields that parsing it would exhaust the memory. */
export function checkMessageSize(input: DescMessage, bytes: Uint8Array): void {
  if (bytes.length < harmlessBytes) return;
  const reader = new BinaryReader(bytes);
  let fields = 0;
  const count = (inner: Inner, end: number, depth: number): void => {
    while (reader.pos < end) {
      const [number, wireType] = reader.tag();
      fields += 1;
      if (fields > mostFields || depth > deepest)
        throw new SamovarError('request.malformed_message', {
          params: { reason: `it has more than ${mostFields} fields, or nests deeper than ${deepest} times.` },
        });
      const next = wireType === WireType.LengthDelimited ? inner.get(number) : undefined;
      if (next === undefined) {
        reader.skip(wireType, number, deepest);
        continue;
      }
      const length = reader.uint32();
      count(next(), reader.pos + length, depth + 1);
    }
  };
  count(innerMessages(input), reader.len, 0);
}

function innerMessages(desc: DescMessage): Inner {
  let inner = innerOf.get(desc);
  if (inner === undefined) {
    const entries = desc.fields.map((field) => [field.number, innerOfField(field)] as const);
    inner = new Map(entries.filter((entry): entry is [number, () => Inner] => entry[1] !== null));
    innerOf.set(desc, inner);
  }
  return inner;
}

function innerOfField(field: DescField): (() => Inner) | null {
  if (field.fieldKind === 'map') {
    // An entry is a message of its own: 1 is the key, 2 the value.
    const value = field.message;
    return value === undefined ? () => none : () => new Map([[2, () => innerMessages(value)]]);
  }
  const message = field.message;
  return message === undefined ? null : () => innerMessages(message);
}
