import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { testModel } from '../../../test/models.ts';
import { putTinyGguf } from '../../../test/tiny-gguf.ts';
import { measureWorker, type WorkerMemory } from '../../../test/worker-memory.ts';
import { llamaCppDriver } from '../../engines/llama-cpp/driver.ts';
import { onnxDriver } from '../../engines/onnx/driver.ts';

/**
 * What is set aside for a worker, as a part of what it takes. On a quiet machine this is 1.00 to 1.04; on a busy one
 * what a worker has resident hangs on the moment.
 */
const least = 0.9;
const most = 1.25;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samovar-worker-memory-'));
});
after(() => rm(folder, { recursive: true }));

function assertExpected({ expectedBytes, residentBytes, toldBytes }: WorkerMemory): void {
  const told = `${Math.round(expectedBytes / 1e6)} MB expected, ${Math.round(residentBytes / 1e6)} MB resident`;
  assert.ok(expectedBytes >= least * residentBytes && expectedBytes <= most * residentBytes, told);
  assert.ok(
    Math.abs(toldBytes - residentBytes) < 0.05 * residentBytes,
    `it says ${toldBytes}, and has ${told}`,
  );
}

test('a llama-cpp worker of a tiny model takes what its driver says, which is nearly all that it takes', async () => {
  const tiny = await putTinyGguf(folder);
  const memory = await measureWorker(llamaCppDriver, tiny, { contextTokens: 256, parallelSequences: 4 });
  assertExpected(memory);
  assert.ok(memory.expectedBytes < llamaCppDriver.memory.processBytes + 5e6);
});

test('a llama-cpp worker takes its process, its vocabulary, its weights and its sequences', async () => {
  const small = await testModel('smollm2-135m-instruct');
  assertExpected(await measureWorker(llamaCppDriver, small, { contextTokens: 2048, parallelSequences: 4 }));
});

test('an onnx worker takes its process, its vocabulary, its weights and its sequences', async () => {
  const small = await testModel('all-minilm-l6-v2');
  const wish = { contextTokens: small.manifest.contextTokens, parallelSequences: 1 };
  assertExpected(await measureWorker(onnxDriver, small, wish));
});
