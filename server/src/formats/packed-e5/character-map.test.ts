import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CharacterReplacement, encodeCharacterMap } from './character-map.ts';

/** Looks a text's beginning up as llama.cpp does: the longest match, or nothing. */
function lookUp(map: Buffer, text: string): { length: number; replacement: string } | null {
  const arrayBytes = map.readUInt32LE();
  const unit = (index: number) => {
    assert.ok(index * 4 < arrayBytes, 'a look-up stays in the array');
    return map.readUInt32LE(4 + index * 4);
  };
  const base = (index: number) => (unit(index) >>> 10) << ((unit(index) & 512) >>> 6);
  let found: { length: number; at: number } | null = null;
  let node = base(0);
  for (const [index, byte] of Buffer.from(text, 'utf8').entries()) {
    if (byte === 0) break;
    node ^= byte;
    if ((unit(node) & 0x8000_00ff) >>> 0 !== byte) break;
    const isLeaf = (unit(node) >>> 8) & 1;
    node ^= base(node);
    if (isLeaf) found = { length: index + 1, at: unit(node) & 0x7fff_ffff };
  }
  if (found === null) return null;
  const begin = 4 + arrayBytes + found.at;
  return { length: found.length, replacement: map.toString('utf8', begin, map.indexOf(0, begin)) };
}

test('every character of a map is found with its replacement, and no other', () => {
  const character = fc.integer({ min: 1, max: 0xffff }).filter((each) => each < 0xd800 || each > 0xdfff);
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.record({ codePoint: character, text: fc.string({ maxLength: 3 }) }), {
        selector: (each) => each.codePoint,
        maxLength: 300,
      }),
      fc.array(character, { maxLength: 50 }),
      (replacements, others) => {
        const kept = replacements.filter(({ text }) => !text.includes('\0'));
        const map = encodeCharacterMap(kept);
        const known = new Map(kept.map(({ codePoint, text }) => [codePoint, text]));
        for (const codePoint of [...known.keys(), ...others]) {
          const text = String.fromCodePoint(codePoint);
          const expected = known.get(codePoint);
          const found = lookUp(map, `${text}x`);
          if (expected === undefined) assert.equal(found, null, text);
          else assert.deepEqual(found, { length: Buffer.byteLength(text), replacement: expected }, text);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('a large map is laid out in a moment, and the same each time', () => {
  const map: CharacterReplacement[] = [];
  for (let codePoint = 0x20; codePoint < 0xd000; codePoint += 7)
    map.push({ codePoint, text: String(codePoint % 97) });
  const begun = performance.now();
  const encoded = encodeCharacterMap(map);
  assert.ok(performance.now() - begun < 5000);
  assert.deepEqual(encodeCharacterMap(map), encoded);
  assert.equal(lookUp(encoded, String.fromCodePoint(0x20))?.replacement, '32');
});
