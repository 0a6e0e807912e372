import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { testModel } from '../../../test/models.ts';
import { SamovarError } from '../../kernel/errors.ts';
import { bufferSource, openFileSource } from '../bytes/byte-source.ts';
import { ggmlTypeNamed } from './ggml-types.ts';
import { type GgufValue, numberOf, textOf } from './gguf-value.ts';
import { readGguf } from './read-gguf.ts';
import { writeGguf } from './write-gguf.ts';

let folder: string;
let small: Buffer;

const metadata = new Map<string, GgufValue>([
  ['general.architecture', { type: 'string', value: 'llama' }],
  ['llama.context_length', { type: 'uint32', value: 64 }],
  ['llama.rope.freq_base', { type: 'float32', value: 10_000 }],
  ['general.flag', { type: 'bool', value: true }],
  ['general.big', { type: 'uint64', value: 2n ** 40n }],
  ['tokenizer.ggml.tokens', { type: 'array', elementType: 'string', count: 3, values: ['a', 'бв', ''] }],
  ['tokenizer.ggml.scores', { type: 'array', elementType: 'float32', count: 2, values: [0.5, -1] }],
]);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samovar-gguf-'));
  const path = join(folder, 'small.gguf');
  await writeGguf(path, metadata, [
    {
      name: 'token_embd.weight',
      shape: [32, 3],
      type: ggmlTypeNamed('Q4_0'),
      bytes: () => [Buffer.alloc(54, 7)],
    },
    {
      name: 'output_norm.weight',
      shape: [5],
      type: ggmlTypeNamed('F32'),
      bytes: () => [Buffer.alloc(20, 1)],
    },
  ]);
  small = await readFile(path);
});
after(() => rm(folder, { recursive: true }));

test('what was written is read again: metadata, tensors, offsets', async () => {
  const header = await readGguf(bufferSource(small, 'small.gguf'));
  assert.deepEqual(header.metadata, metadata);
  assert.deepEqual(
    header.tensors.map(({ name, shape, type, sizeBytes }) => [name, shape, type.name, sizeBytes]),
    [
      ['token_embd.weight', [32, 3], 'Q4_0', 54],
      ['output_norm.weight', [5], 'F32', 20],
    ],
  );
  for (const { offset } of header.tensors) assert.equal(offset % 32, 0);
  assert.equal(small[header.tensors[0]?.offset ?? 0], 7);
});

test('long arrays are walked over without being kept', async () => {
  const header = await readGguf(bufferSource(small, 'small.gguf'), { keptElements: 2 });
  const tokens = header.metadata.get('tokenizer.ggml.tokens');
  assert.deepEqual(tokens, { type: 'array', elementType: 'string', count: 3, values: null });
});

test('a published model is read: its facts, its tensors, nothing behind them', async () => {
  const { files } = await testModel('smollm2-135m-instruct');
  await using source = await openFileSource(files['model.gguf'] ?? '', 'model.gguf');
  const header = await readGguf(source);
  assert.equal(textOf(header.metadata, 'general.architecture'), 'llama');
  assert.equal(numberOf(header.metadata, 'llama.context_length'), 8192);
  assert.equal(
    header.tensors.reduce((sum, tensor) => sum + tensor.elements, 0),
    134_515_008,
  );
  assert.equal(header.trailingBytes, 0);
});

test('a file cut anywhere is refused, and says that it is', async () => {
  for (let length = 0; length < small.length - 12; length += 1)
    await assert.rejects(
      readGguf(bufferSource(small.subarray(0, length), 'cut.gguf')),
      (error) =>
        error instanceof SamovarError && error.code === 'model.refused' && /cut\.gguf/.test(error.message),
      `cut to ${length}`,
    );
});

test('whatever bits are turned, a file is read or refused, and never breaks the reader', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(small.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      async (changes) => {
        const bytes = Buffer.from(small);
        for (const [at, value] of changes) bytes[at] = value;
        await readOrRefuse(bytes);
      },
    ),
    { numRuns: 3000 },
  );
});

const lies: readonly (readonly [what: string, at: (bytes: Buffer) => void, reason: RegExp])[] = [
  [
    'more tensors than a file can hold',
    (bytes) => bytes.writeBigUInt64LE(2n ** 63n, 8),
    /claims \d+ tensors/,
  ],
  ['more tensors than it has', (bytes) => bytes.writeBigUInt64LE(9n, 8), /damaged|truncated/],
  ['more keys than are plausible', (bytes) => bytes.writeBigUInt64LE(1n << 40n, 16), /claims \d+ keys/],
  ['a key of 2^60 bytes', (bytes) => bytes.writeBigUInt64LE(1n << 60n, 24), /claims a length/],
  ['version 1', (bytes) => bytes.writeUInt32LE(1, 4), /version 1/],
  ['big-endian numbers', (bytes) => bytes.writeUInt32BE(3, 4), /big-endian/],
];

for (const [what, change, reason] of lies)
  test(`a header that claims ${what} is refused`, async () => {
    const bytes = Buffer.from(small);
    change(bytes);
    await assert.rejects(readGguf(bufferSource(bytes, 'lying.gguf')), reason);
  });

test('tensors that overlap, twins, and rows that are no whole blocks are refused', async () => {
  const f32 = ggmlTypeNamed('F32');
  const bytes = () => [Buffer.alloc(4)];
  const path = join(folder, 'twins.gguf');
  const twin = { name: 'same', shape: [1], type: f32, bytes };
  await writeGguf(path, new Map(), [twin, twin]);
  await assert.rejects(readGguf(bufferSource(await readFile(path), 'twins.gguf')), /tensor same twice/);
  const at = small.indexOf('output_norm.weight') + 'output_norm.weight'.length + 4 + 8 + 4;
  const overlapping = Buffer.from(small);
  overlapping.writeBigUInt64LE(32n, at);
  await assert.rejects(readGguf(bufferSource(overlapping, 'o.gguf')), /its place is 64/);
});

test('a header that never ends is given up within its bounds', async () => {
  const size = 600 * 1024 * 1024;
  const head = Buffer.alloc(24 + 8 + 1 + 4 + 4 + 8);
  head.write('GGUF', 'latin1');
  head.writeUInt32LE(3, 4);
  head.writeBigUInt64LE(60_000n, 16);
  head.writeBigUInt64LE(1n, 24);
  head.write('k', 32);
  head.writeUInt32LE(9, 33);
  head.writeUInt32LE(8, 37);
  head.writeBigUInt64LE(8_000_000n, 41);
  const endless = {
    name: 'endless.gguf',
    sizeBytes: size,
    read: async (offset: number, length: number) =>
      offset === 0 ? Buffer.concat([head, Buffer.alloc(length - head.length)]) : Buffer.alloc(length),
  };
  const begun = performance.now();
  await assert.rejects(readGguf(endless), /no GGUF|claims|twice|beyond \d+ bytes/);
  assert.ok(performance.now() - begun < 10_000);
});

async function readOrRefuse(bytes: Buffer): Promise<void> {
  try {
    await readGguf(bufferSource(bytes, 'turned.gguf'));
  } catch (error) {
    assert.ok(error instanceof SamovarError && error.code === 'model.refused', String(error));
  }
}
