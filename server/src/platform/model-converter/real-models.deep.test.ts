import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { llamaQuantizeProgram } from '../../../test/llama-quantize-program.ts';
import { startTestWorker } from '../../../test/llama-worker.ts';
import { testModel } from '../../../test/models.ts';
import { openFileSource } from '../../formats/bytes/byte-source.ts';
import { type GgufHeader, readGguf } from '../../formats/gguf/read-gguf.ts';
import { numberReader } from '../../formats/numbers/read-numbers.ts';
import type { ConversionOrder, ModelConverter, WeightType } from '../../kernel/ports/model-converter.ts';
import { createModelConverter } from './create-model-converter.ts';

const silent = { signal: new AbortController().signal, onProgress: () => undefined };
let folder: string;
let original: string;
let converter: ModelConverter;
/** Made of the published file by our own conversion: to safetensors, and back. */
let ours: string;
let hub: { readonly folder: string; readonly paths: readonly string[] };

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samovar-real-'));
  original = (await testModel('smollm2-135m-instruct')).files['model.gguf'] ?? '';
  const program = await llamaQuantizeProgram();
  converter = createModelConverter({
    entry: fileURLToPath(new URL('../../roles/convert-models.ts', import.meta.url)),
    codeFolders: [fileURLToPath(new URL('../../../../', import.meta.url))],
    environment: {},
    threads: 1,
    findQuantizeProgram: async () => program,
  });
  const target = join(folder, 'hub');
  await mkdir(target);
  const made = await converter.convert(
    { kind: 'gguf-to-safetensors', source: original, target, type: 'F32' },
    silent,
  );
  hub = { folder: target, paths: made.map(({ path }) => basename(path)) };
  ours = await convert({
    kind: 'safetensors-to-gguf',
    ...hub,
    target: join(folder, 'ours.gguf'),
    type: null,
  });
});
after(() => rm(folder, { recursive: true }));

async function convert(order: ConversionOrder): Promise<string> {
  const [made] = await converter.convert(order, silent);
  return made?.path ?? assert.fail('nothing was made');
}

async function quantised(source: string, type: WeightType): Promise<string> {
  return await convert({
    kind: 'quantise',
    source,
    type,
    target: join(folder, `${basename(source)}-${type}`),
  });
}

async function withFiles(
  paths: readonly [string, string],
  use: (
    files: readonly {
      header: GgufHeader;
      numbers(name: string): Promise<Float32Array>;
      bytes(name: string): Promise<Buffer>;
    }[],
  ) => Promise<void>,
): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const files = [];
  for (const path of paths) {
    const source = opened.use(await openFileSource(path, basename(path)));
    const header = await readGguf(source, { keptElements: 1_000_000 });
    const tensors = new Map(header.tensors.map((tensor) => [tensor.name, tensor]));
    const bytes = async (name: string) => {
      const tensor = tensors.get(name) ?? assert.fail(`${path} has no ${name}`);
      return await source.read(tensor.offset, tensor.sizeBytes);
    };
    const numbers = async (name: string) =>
      numberReader(tensors.get(name)?.type.name ?? '')?.(await bytes(name)) ??
      assert.fail(`${name} cannot be read`);
    files.push({ header, numbers, bytes });
  }
  await use(files);
}

test('a published model that went to safetensors and back has the weights and the vocabulary that it had', async () => {
  await withFiles([await quantised(original, 'F32'), ours], async ([published, back]) => {
    assert.ok(published && back);
    assert.equal(back.header.tensors.length, published.header.tensors.length);
    for (const { name } of published.header.tensors)
      assert.ok((await published.bytes(name)).equals(await back.bytes(name)), name);
    for (const [key, value] of published.header.metadata)
      if (key.startsWith('tokenizer.ggml.') && key !== 'tokenizer.ggml.add_space_prefix')
        assert.deepEqual(back.header.metadata.get(key), value, key);
    for (const key of ['tokenizer.chat_template', 'general.license', 'general.languages'])
      assert.deepEqual(back.header.metadata.get(key), published.header.metadata.get(key), key);
  });
});

test('it answers word for word as the published one', async () => {
  const answers: string[] = [];
  // In the same type: with fewer bits the engine rounds what it multiplies with, too.
  for (const path of [await quantised(original, 'F32'), ours]) {
    const worker = await startTestWorker({ files: { 'model.gguf': path } });
    await worker.ready();
    for (const content of ['What is the capital of France?', 'Name three colors.']) {
      const answer = await worker.post('/v1/chat/completions', {
        messages: [{ role: 'user', content }],
        temperature: 0,
        // Off: with it the nearest numbers decide.
        repetition_penalty: 1,
        max_tokens: 12,
      });
      answers.push(JSON.parse(answer.text).choices[0].message.content);
    }
    await worker.stop();
  }
  assert.ok(answers.every((each) => each.length > 10));
  assert.deepEqual(answers.slice(2), answers.slice(0, 2));
});

test('eight bits of ours are those of the tool, bit by bit', async () => {
  const own = await convert({
    kind: 'safetensors-to-gguf',
    ...hub,
    target: join(folder, 'own-q8.gguf'),
    type: 'Q8_0',
  });
  await withFiles([await quantised(ours, 'Q8_0'), own], async ([tool, made]) => {
    assert.ok(tool && made);
    for (const { name } of tool.header.tensors)
      assert.ok((await tool.bytes(name)).equals(await made.bytes(name)), name);
  });
});

for (const type of ['Q4_0', 'Q5_1', 'Q4_K_M', 'Q5_K_M', 'Q6_K'] as const)
  test(`weights of ${type} are read as the tool reads them, bit by bit`, async () => {
    const small = await quantised(ours, type);
    await withFiles([small, await quantised(small, 'F32')], async ([quantized, plain]) => {
      assert.ok(quantized && plain);
      for (const { name } of quantized.header.tensors)
        if (name.startsWith('blk.0.') || name.startsWith('blk.29.') || name.startsWith('output_norm'))
          assert.deepEqual(await quantized.numbers(name), await plain.numbers(name), name);
    });
    await rm(small);
    await rm(`${small}-F32`);
  });

test('a quantisation that nobody waits for any more ends at once and leaves nothing', async () => {
  const stopping = new AbortController();
  const target = join(folder, 'stopped.gguf');
  const order: ConversionOrder = { kind: 'quantise', source: ours, target, type: 'Q4_K_M' };
  const waiting = converter.convert(order, {
    signal: stopping.signal,
    onProgress: () => stopping.abort(new Error('enough')),
  });
  await assert.rejects(waiting, /enough/);
  await assert.rejects(openFileSource(target, 'x'));
});
