import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { SamovarError } from '../../kernel/errors.ts';
import { bufferSource } from '../bytes/byte-source.ts';
import { ggmlTypeNamed } from '../gguf/ggml-types.ts';
import { checkNumbers, type StoredTensor } from './check-numbers.ts';

const halfNaN = 0x7e00;
const halfInfinity = 0x7c00;

function tensor(bytes: Buffer, type: string, more: Partial<StoredTensor> = {}): StoredTensor {
  const unitBytes = ggmlTypeNamed(type).blockBytes;
  const source = bufferSource(bytes, 'm.gguf');
  return { name: 'x.weight', type, offset: 0, sizeBytes: bytes.length, unitBytes, source, ...more };
}

async function isRefused(tensors: readonly StoredTensor[]): Promise<boolean> {
  try {
    await checkNumbers(tensors);
    return false;
  } catch (error) {
    assert.ok(error instanceof SamovarError && error.code === 'model.refused', String(error));
    assert.match(
      String(error.params.reason),
      /m.gguf has (infinite numbers|numbers that are none).*x.weight/,
    );
    assert.match(String(error.params.reason), /ask its publisher/);
    return true;
  }
}

test('one number that is none in a vector is found wherever it lies', async () => {
  for (const at of [0, 100, 255]) {
    const numbers = new Float32Array(256).fill(1);
    assert.equal(await isRefused([tensor(Buffer.from(numbers.buffer), 'F32')]), false);
    numbers[at] = Number.NEGATIVE_INFINITY;
    assert.equal(await isRefused([tensor(Buffer.from(numbers.buffer), 'F32')]), true);
  }
});

for (const [type, scaleAt] of [
  ['F16', 0],
  ['BF16', null],
  ['Q8_0', 0],
  ['Q4_K', 0],
  ['Q6_K', 208],
] as const)
  test(`a large tensor of ${type} that is full of numbers that are none is refused`, async () => {
    const { blockBytes } = ggmlTypeNamed(type);
    const bytes = Buffer.alloc(blockBytes * Math.ceil(200_000 / blockBytes), 1);
    assert.equal(await isRefused([tensor(bytes, type)]), false);
    for (let block = 0; block < bytes.length; block += blockBytes)
      bytes.writeUInt16LE(scaleAt === null ? 0x7fc0 : halfNaN, block + (scaleAt ?? 0));
    assert.equal(await isRefused([tensor(bytes, type)]), true);
  });

test('the beginning and the end of a large tensor are looked at, and a part of what is between', async () => {
  const sizeBytes = 1024 * 1024;
  for (const at of [0, sizeBytes - 2]) {
    const bytes = Buffer.alloc(sizeBytes);
    bytes.writeUInt16LE(halfInfinity, at);
    assert.equal(await isRefused([tensor(bytes, 'F16')]), true);
  }
});

test('buffers that are no weights, and types that cannot be read here, are left alone', async () => {
  const bytes = Buffer.alloc(256, 0xff);
  assert.equal(await isRefused([tensor(bytes, 'F32', { name: 'mask' })]), false);
  assert.equal(await isRefused([tensor(bytes, 'I8')]), false);
});

test('of very many tensors each is looked at in one place at least', async () => {
  let reads = 0;
  const bytes = Buffer.alloc(70_000);
  const source = {
    ...bufferSource(bytes, 'm.gguf'),
    read: async (offset: number, length: number) => {
      reads += 1;
      return bytes.subarray(offset, offset + length);
    },
  };
  await checkNumbers(Array.from({ length: 15_000 }, () => tensor(bytes, 'F16', { source })));
  assert.equal(reads, 15_000);
});

test('a disk that is slow ends the looking in time, and is no reason to refuse', async () => {
  let reads = 0;
  const bytes = Buffer.alloc(70_000);
  const source = {
    ...bufferSource(bytes, 'm.gguf'),
    async read(offset: number, length: number) {
      reads += 1;
      await setTimeout(5);
      return bytes.subarray(offset, offset + length);
    },
  };
  await checkNumbers(
    Array.from({ length: 15_000 }, () => tensor(bytes, 'F16', { source })),
    200,
  );
  assert.ok(reads > 0 && reads < 100, `${reads} reads`);
});
