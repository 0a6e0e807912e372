import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { test } from 'node:test';
import { errorCode } from '../protocol.ts';
import { ConnectionFault } from '../protocol-faults.ts';
import { BlockDecoder } from './block-decoder.ts';
import { emptyTable, encodeField, encodeStatus } from './encode-fields.ts';
import { buildHuffmanMachine, emits, stateShift } from './huffman-table.ts';

const limitBytes = 32 * 1024;

function decode(decoder: BlockDecoder, hex: string): string[] | null {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return decoder.decode(bytes, 0, bytes.length)?.map(({ name, value }) => `${name}: ${value}`) ?? null;
}

function decodeText(block: string, decoder = new BlockDecoder(limitBytes)) {
  return decoder.decode(Buffer.from(block, 'latin1'), 0, block.length);
}

function refused(hex: string): void {
  assert.throws(
    () => decode(new BlockDecoder(limitBytes), hex),
    (thrown) => thrown instanceof ConnectionFault && thrown.code === errorCode.compressionError,
    hex,
  );
}

test('the requests of RFC 7541, appendix C.3, without and C.4 with the code of Huffman, are read', () => {
  for (const blocks of [
    [
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ],
    [
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ],
  ]) {
    const decoder = new BlockDecoder(limitBytes);
    const [first = '', second = '', third = ''] = blocks;
    const common = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
    assert.deepEqual(decode(decoder, first), common);
    assert.deepEqual(decode(decoder, second), [...common, 'cache-control: no-cache']);
    assert.deepEqual(decode(decoder, third), [
      ':method: GET',
      ':scheme: https',
      ':path: /index.html',
      ':authority: www.example.com',
      'custom-key: custom-value',
    ]);
  }
});

test('a field that is never to be remembered is read, and not remembered (appendix C.2.3)', () => {
  const decoder = new BlockDecoder(limitBytes);
  assert.deepEqual(decode(decoder, '1008 7061 7373 776f 7264 0673 6563 7265 74'), ['password: secret']);
  assert.equal(decoder.version, 0);
  refused('be');
});

test('the oldest fields are forgotten when the table is full, all of them for one larger than it', () => {
  const decoder = new BlockDecoder(limitBytes);
  const remembered = (value: string) => `\x40\x01a${lengthOf(value)}${value}`;
  const thousand = (letter: string) => letter.repeat(1000);
  for (const letter of ['b', 'c', 'd', 'e']) decodeText(remembered(thousand(letter)), decoder);
  const at = (index: number) => decodeText(String.fromCharCode(0x80 | (62 + index)), decoder)?.[0]?.value;
  assert.equal(at(0), thousand('e'));
  assert.equal(at(2), thousand('c'));
  assert.throws(() => at(3));
  decodeText(remembered('x'.repeat(5000)), decoder);
  assert.throws(() => at(0));
});

test('a table that is made smaller forgets, and may not be larger than we allow', () => {
  const decoder = new BlockDecoder(limitBytes);
  decode(decoder, '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff');
  decode(decoder, '20 82');
  assert.throws(() => decode(decoder, 'be'));
  // 4096, as before.
  assert.deepEqual(decode(new BlockDecoder(limitBytes), '3fe1 1f82'), [':method: GET']);
  refused('3fe2 1f');
  refused('20 20 20 82');
  refused('82 20');
});

test('what is no block is refused', () => {
  for (const hex of [
    '80',
    'ff 80 80 80 80 80 01',
    'ff ff ff ff ff 0f',
    'c6',
    '40',
    '40 05 61',
    '40 01 61',
    '40 01 61 05 62',
    '7f ff ff ff ff ff',
    // Padding of zeros, of a whole byte, and the end of the text inside it.
    '40 01 61 81 00',
    '40 01 61 82 1f ff',
    '40 01 61 84 ff ff ff ff',
  ])
    refused(hex);
});

test('fields beyond the limit are not kept, and the table is in step all the same', () => {
  const decoder = new BlockDecoder(1000);
  const large = encodeField('x-large', 'x'.repeat(900));
  assert.equal(decodeText(`${large}${large}\x40\x01a\x01b`, decoder), null);
  assert.deepEqual(decodeText('\xbe', decoder), [{ name: 'a', value: 'b' }]);
});

test('a block of nothing but indexes of a large field costs neither its memory nor much time', () => {
  const decoder = new BlockDecoder(limitBytes);
  decodeText(`\x40\x01a${lengthOf('x'.repeat(4000))}${'x'.repeat(4000)}`, decoder);
  const startedAt = performance.now();
  for (let round = 0; round < 20; round += 1)
    assert.equal(decodeText('\xbe'.repeat(32 * 1024), decoder), null);
  assert.ok(performance.now() - startedAt < 2000);
});

test('every byte in the code of Huffman is the byte', () => {
  const { steps } = buildHuffmanMachine();
  const decoder = new BlockDecoder(limitBytes);
  const codes = codesOf(steps);
  assert.equal(codes.size, 256);
  for (let round = 0; round < 300; round += 1) {
    const bytes =
      round === 0
        ? Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
        : randomBytes(randomInt(0, 200));
    let bits = Array.from(bytes, (byte) => codes.get(byte)).join('');
    bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
    const packed = String.fromCharCode(
      ...(bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)),
    );
    const fields = decodeText(`\x00\x01a${lengthOf(packed, 0x80)}${packed}`, decoder);
    assert.equal(fields?.[0]?.value, bytes.toString('latin1'));
  }
});

test('what our encoder writes is what is read, of any length', () => {
  for (const length of [0, 1, 126, 127, 128, 254, 255, 256, 16_511, 20_000]) {
    const value = 'v'.repeat(length);
    const block = emptyTable + encodeStatus(200) + encodeStatus(418) + encodeField('content-type', value);
    assert.deepEqual(decodeText(block + encodeField('x-own', value), new BlockDecoder(64 * 1024)), [
      { name: ':status', value: '200' },
      { name: ':status', value: '418' },
      { name: 'content-type', value },
      { name: 'x-own', value },
    ]);
  }
  for (const value of ['a\r\nb', '\0', 'чай']) assert.throws(() => encodeField('x-own', value), TypeError);
});

test('random bytes are read or refused, never anything else', () => {
  for (let round = 0; round < 5000; round += 1) {
    const bytes = randomBytes(randomInt(1, 60));
    try {
      new BlockDecoder(limitBytes).decode(bytes, 0, bytes.length);
    } catch (thrown) {
      assert.ok(thrown instanceof ConnectionFault, String(thrown));
    }
  }
});

/** A length with seven bits of prefix. */
function lengthOf(text: string, mark = 0): string {
  if (text.length < 127) return String.fromCharCode(mark | text.length);
  const bytes = [mark | 127];
  let left = text.length - 127;
  for (; left >= 128; left >>>= 7) bytes.push((left & 127) | 128);
  return String.fromCharCode(...bytes, left);
}

/** The bits of each byte, by walking the machine from its root a bit at a time, as half bytes allow. */
function codesOf(steps: Uint32Array): Map<number, string> {
  const codes = new Map<number, string>();
  const visit = (state: number, bits: string): void => {
    for (let half = 0; half < 16; half += 1) {
      const step = steps[state * 16 + half] ?? 0;
      const path = bits + half.toString(2).padStart(4, '0');
      if ((step & 0x200) !== 0) continue;
      if ((step & emits) === 0) visit(step >>> stateShift, path);
      else codes.set(step & 0xff, commonPrefix(codes.get(step & 0xff), path));
    }
  };
  visit(0, '');
  return codes;
}

/** Half bytes that complete a byte agree in its code, and differ behind it. */
function commonPrefix(known: string | undefined, path: string): string {
  if (known === undefined) return path;
  let length = 0;
  while (length < known.length && known[length] === path[length]) length += 1;
  return known.slice(0, length);
}
