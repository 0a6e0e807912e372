import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { SamovarError } from '../../kernel/errors.ts';
import { bufferSource } from '../bytes/byte-source.ts';
import { readSafetensors } from './read-safetensors.ts';
import { readShards } from './read-shards.ts';
import { writeSafetensors } from './write-safetensors.ts';

let folder: string;
let small: Buffer;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samovar-safetensors-'));
  small = await written('small', [
    {
      name: 'a.weight',
      dtype: 'F32',
      shape: [2, 3],
      bytes: () => [Buffer.alloc(12, 1), Buffer.alloc(12, 2)],
    },
    { name: 'b', dtype: 'BF16', shape: [4], bytes: () => [Buffer.alloc(8, 3)] },
    { name: 'empty', dtype: 'I64', shape: [0], bytes: () => [] },
  ]);
});
after(() => rm(folder, { recursive: true }));

async function written(name: string, tensors: Parameters<typeof writeSafetensors>[1]): Promise<Buffer> {
  const path = join(folder, `${name}.safetensors`);
  await writeSafetensors(path, tensors, { metadata: { format: 'pt' } });
  return await readFile(path);
}

test('what was written is read again, and its data is aligned', async () => {
  const header = await readSafetensors(bufferSource(small, 'small'));
  assert.equal(header.metadata.format, 'pt');
  const [a, b] = [header.tensors.get('a.weight'), header.tensors.get('b')];
  assert.deepEqual([a?.shape, a?.sizeBytes, b?.dtype], [[2, 3], 24, 'BF16']);
  assert.equal((a?.offset ?? 1) % 8, 0);
  assert.equal(small[b?.offset ?? 0], 3);
});

test('a file cut anywhere is refused', async () => {
  for (let length = 0; length < small.length; length += 1)
    await assert.rejects(
      readSafetensors(bufferSource(small.subarray(0, length), 'cut')),
      (error) => error instanceof SamovarError && error.code === 'model.refused',
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
        try {
          await readSafetensors(bufferSource(bytes, 'turned'));
        } catch (error) {
          assert.ok(error instanceof SamovarError && error.code === 'model.refused', String(error));
        }
      },
    ),
    { numRuns: 3000 },
  );
});

const lies: readonly (readonly [what: string, header: unknown, reason: RegExp])[] = [
  ['overlapping tensors', { a: entry('F32', [1], 0, 4), b: entry('F32', [1], 2, 6) }, /hole or overlaps/],
  ['a hole', { a: entry('F32', [1], 4, 8) }, /hole or overlaps/],
  ['bytes that belong to nothing', { a: entry('F32', [1], 0, 4) }, /belong to nothing/],
  ['a type that does not fit its bytes', { a: entry('F16', [4], 0, 4) }, /needs 8 bytes/],
  ['an unknown type', { a: entry('PICKLE', [8], 0, 8) }, /the type PICKLE/],
  ['a negative dimension', { a: entry('F32', [-2], 0, 8) }, /lacks/],
  ['a shape beyond all bounds', { a: entry('F32', [2 ** 40, 2 ** 40], 0, 8) }, /the shape/],
  ['offsets the wrong way round', { a: entry('F32', [2], 8, 0) }, /leave -8/],
  ['metadata that is no text', { __metadata__: { a: 1 } }, /metadata a is no text/],
  ['a list', [1], /no JSON object/],
];

for (const [what, header, reason] of lies)
  test(`a header with ${what} is refused`, async () => {
    await assert.rejects(readSafetensors(bufferSource(withHeader(header), 'lying')), reason);
  });

test('a header of more than 100 MB is refused before it is read', async () => {
  const prefix = Buffer.alloc(16);
  prefix.writeBigUInt64LE(100_000_001n);
  await assert.rejects(readSafetensors(bufferSource(prefix, 'huge')), /header claims 100000001/);
});

test('shards are held against their index', async () => {
  const one = bufferSource(await written('one', [tensor('x')]), 'one');
  const two = bufferSource(await written('two', [tensor('y')]), 'two');
  const index = { weight_map: { x: 'one', y: 'two' } };
  assert.deepEqual([...(await readShards([one, two], index)).tensors.keys()], ['x', 'y']);
  await assert.rejects(readShards([one], index), /shard two is missing/);
  await assert.rejects(readShards([one, two], { weight_map: { x: 'two', y: 'two' } }), /where it is not/);
  await assert.rejects(readShards([one, two], { weight_map: { x: 'one' } }), /tensor y is in no index/);
  await assert.rejects(readShards([one], { weight_map: { x: '../one' } }), /outside of the folder/);
  await assert.rejects(readShards([one, one], undefined), /is both in/);
});

function tensor(name: string) {
  return { name, dtype: 'U8', shape: [8], bytes: () => [Buffer.alloc(8)] };
}

function entry(dtype: string, shape: readonly number[], begin: number, end: number) {
  return { dtype, shape, data_offsets: [begin, end] };
}

function withHeader(header: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([prefix, json, Buffer.alloc(8)]);
}
