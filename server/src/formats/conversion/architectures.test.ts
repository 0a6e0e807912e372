import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ChatCompletion } from 'openai/resources/chat/completions';
import { startTestWorker } from '../../../test/llama-worker.ts';
import { catalogueManifest } from '../../../test/models.ts';
import { putTinyModel, tinyModels } from '../../../test/tiny-architectures.ts';
import { type ByteSource, bufferSource } from '../bytes/byte-source.ts';
import { type GgufHeader, type GgufTensor, readGguf } from '../gguf/read-gguf.ts';
import { architectures } from './architectures/all-architectures.ts';
import { ggufToHub } from './gguf-to-hub.ts';
import { hubToGguf } from './hub-to-gguf.ts';

const prompt = 'hello world, hello or not: the quick brown fox jumps over 12 lazy dogs';

/**
 * Token and logarithm of its probability of the four likeliest after the prompt. Computed once from the same
 * `config.json` and weights by the library transformers 5.23.0 (torch 2.15.0, 32-bit floats, eager attention).
 */
const expected: Readonly<Record<string, readonly (readonly [token: number, logprob: number])[]>> = {
  gemma: [
    [20, -0.1032],
    [263, -3.0537],
    [197, -4.8415],
    [248, -5.1343],
  ],
  gemma2: [
    [227, -3.9593],
    [157, -3.9644],
    [38, -3.9651],
    [250, -4.0163],
  ],
  gemma3: [
    [246, -1.1847],
    [226, -2.4329],
    [253, -2.4479],
    [145, -2.5278],
  ],
  granite: [
    [191, -4.2451],
    [56, -4.3155],
    [192, -4.3669],
    [15, -4.5047],
  ],
  llama: [
    [20, -2.1965],
    [61, -2.5612],
    [202, -2.7779],
    [253, -3.0204],
  ],
  mixtral: [
    [17, -2.6789],
    [95, -2.7107],
    [216, -2.8837],
    [180, -3.3502],
  ],
  olmo2: [
    [150, -0.764],
    [103, -2.8821],
    [76, -3.3933],
    [187, -3.4494],
  ],
  phi3: [
    [166, -1.9533],
    [44, -2.6296],
    [115, -3.2905],
    [154, -3.3853],
  ],
  'phi3 with a long context': [
    [245, -2.8139],
    [120, -2.8439],
    [2, -3.2246],
    [85, -3.3215],
  ],
  qwen2: [
    [235, -1.5623],
    [64, -2.3175],
    [209, -3.3858],
    [118, -3.5795],
  ],
  qwen2moe: [
    [93, -2.2948],
    [241, -2.5961],
    [157, -2.8415],
    [191, -2.8659],
  ],
  qwen3: [
    [71, -2.5768],
    [228, -3.1548],
    [233, -3.2073],
    [10, -3.4192],
  ],
  qwen3moe: [
    [243, -1.4617],
    [21, -2.5409],
    [181, -2.7197],
    [0, -3.1718],
  ],
  smollm3: [
    [192, -2.2887],
    [133, -3.1349],
    [33, -3.244],
    [138, -3.3617],
  ],
  starcoder2: [
    [259, -0.6874],
    [154, -2.2308],
    [25, -2.6586],
    [33, -3.5358],
  ],
};

let base: string;

before(async () => {
  base = await mkdtemp(join(tmpdir(), 'samovar-architectures-'));
});
after(() => rm(base, { recursive: true }));

const folderOf = (name: string) => join(base, name.replaceAll(' ', '-'));

async function sourcesIn(folder: string, paths: readonly string[]): Promise<ByteSource[]> {
  return await Promise.all(paths.map(async (path) => bufferSource(await readFile(join(folder, path)), path)));
}

async function convert(name: string, folder: string, paths: readonly string[]): Promise<string> {
  const target = join(base, `${name}.gguf`);
  await hubToGguf(await sourcesIn(folder, paths), target, { type: 'F32' });
  return target;
}

async function opened(path: string): Promise<{ header: GgufHeader; bytes: Buffer }> {
  const bytes = await readFile(path);
  return { bytes, header: await readGguf(bufferSource(bytes, path), { keptElements: 1_000_000 }) };
}

test('every decoder that can be converted is proven here by a tiny one', () => {
  const covered = new Set(Object.values(tinyModels).map(({ config }) => String(config.architectures)));
  for (const { kind, classes } of architectures)
    if (kind === 'decoder') assert.ok(covered.has(classes[0] ?? ''), classes[0]);
  assert.deepEqual(Object.keys(tinyModels).sort(), Object.keys(expected).sort());
});

for (const [name, model] of Object.entries(tinyModels)) {
  test(`a ${name} model comes back from GGUF as it went there`, async () => {
    const folder = folderOf(name);
    await mkdir(folder);
    const there = await convert(name, folder, await putTinyModel(folder, model));
    const back = join(base, `${name}-back`);
    await mkdir(back);
    const source = bufferSource(await readFile(there), 'model.gguf');
    const paths = await ggufToHub(source, back, { type: 'F32' });
    const again = await opened(await convert(`${name}-again`, back, paths));
    const first = await opened(there);
    assert.deepEqual(again.header.metadata, first.header.metadata);
    for (const tensor of first.header.tensors) {
      const other = again.header.tensors.find((each) => each.name === tensor.name);
      assert.deepEqual(other?.shape, tensor.shape, tensor.name);
      assert.ok(sameNumbers(numbersOf(again.bytes, other), numbersOf(first.bytes, tensor)), tensor.name);
    }
    assert.equal(again.header.tensors.length, first.header.tensors.length);
  });

  test(`a ${name} model answers in the engine as it does in the library that it comes from`, async () => {
    const manifest = { ...(await catalogueManifest('smollm2-135m-instruct')), contextTokens: 256 };
    const worker = await startTestWorker({
      manifest,
      files: { 'model.gguf': join(base, `${name}.gguf`) },
      contextTokens: 256,
      parallelSequences: 1,
    });
    try {
      await worker.ready();
      const answer = await worker.json<ChatCompletion>('/v1/chat/completions', {
        model: 'm',
        messages: [{ role: 'user', content: prompt }],
        temperature: 0,
        max_tokens: 1,
        logprobs: true,
        // More than are expected: which of two nearly equal ones is the last is up to rounding.
        top_logprobs: 8,
        repetition_penalty: 1,
      });
      const top = answer.choices[0]?.logprobs?.content?.[0]?.top_logprobs ?? [];
      const found = new Map(top.map(({ bytes, logprob }) => [String(bytes), logprob]));
      // The engine keeps keys and values in 16 bits.
      for (const [token, logprob] of expected[name] ?? assert.fail(name))
        assert.ok(
          Math.abs((found.get(String(bytesOf(token))) ?? 9) - logprob) < 0.03,
          `${token} with ${logprob} among ${JSON.stringify(top)}`,
        );
    } finally {
      await worker.stop();
    }
  });
}

/** What a token of the small tokenizer stands for: the first 256 are single bytes. */
function bytesOf(token: number): number[] {
  const texts: Readonly<Record<number, string>> = { 259: 'hello', 263: '<|end|>' };
  return token < 256 ? [token] : [...Buffer.from(texts[token] ?? assert.fail(String(token)))];
}

function numbersOf(bytes: Buffer, tensor: GgufTensor | undefined): Float32Array {
  assert.equal(tensor?.type.name, 'F32');
  const copy = new Uint8Array(bytes.subarray(tensor.offset, tensor.offset + tensor.sizeBytes));
  return new Float32Array(copy.buffer);
}

/** A norm's weights that are kept less one lose the last bit on their way. */
function sameNumbers(found: Float32Array, wanted: Float32Array): boolean {
  return (
    found.length === wanted.length &&
    found.every((each, at) => Math.abs(each - (wanted[at] ?? 9)) <= 2 ** -23)
  );
}
