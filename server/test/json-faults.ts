import fc from 'fast-check';

/** Makes a body wrong, or another one. */
export type Fault = (bytes: Buffer) => Buffer;

const oddValues: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  2 ** 53,
  '',
  'x'.repeat(5000),
  [],
  {},
  [[[[[[]]]]]],
  { $ref: '#' },
  '\u0000',
  ['a', 1, null],
];

/** Replaces, drops or adds a member somewhere, or spoils the bytes. */
export const jsonFault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 4, arbitrary: memberFault('replace') },
  { weight: 2, arbitrary: memberFault('drop') },
  { weight: 2, arbitrary: memberFault('add') },
  {
    weight: 1,
    arbitrary: fc.record({ at: fc.nat(), byte: fc.nat(255) }).map(
      ({ at, byte }) =>
        (bytes: Buffer) =>
          spoilByte(bytes, at, byte),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat().map((at) => (bytes: Buffer) => bytes.subarray(0, at % (bytes.length + 1))),
  },
);

function memberFault(kind: 'replace' | 'drop' | 'add'): fc.Arbitrary<Fault> {
  return fc
    .record({ at: fc.nat(), value: fc.constantFrom(...oddValues), name: fc.string({ maxLength: 12 }) })
    .map(({ at, value, name }) => (bytes: Buffer) => {
      let parsed: unknown;
      try {
        parsed = JSON.parse(bytes.toString('utf8'));
      } catch {
        // An earlier fault has spoiled it already.
        return bytes;
      }
      const places = membersOf(parsed);
      const place = places[at % Math.max(1, places.length)];
      if (place === undefined) return bytes;
      const [holder, key] = place;
      if (kind === 'drop') Reflect.deleteProperty(holder, key);
      else if (!(kind === 'add' && Array.isArray(holder)))
        Reflect.set(holder, kind === 'add' ? name : key, value);
      // A list has no names: a member is added to it at its end.
      else holder.push(value);
      return Buffer.from(JSON.stringify(parsed));
    });
}

/** Every member of a value, however deep, as its holder and its name. */
function membersOf(value: unknown): (readonly [object, string])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [[value, key] as const, ...membersOf(member)]);
}

export function spoilByte(bytes: Buffer, at: number, byte: number): Buffer {
  if (bytes.length === 0) return bytes;
  const spoiled = Buffer.from(bytes);
  spoiled[at % spoiled.length] = byte;
  return spoiled;
}
