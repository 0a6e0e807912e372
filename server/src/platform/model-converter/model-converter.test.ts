import assert from 'node:assert/strict';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { putHubModel } from '../../../test/small-hub-model.ts';
import { putFiles, putSafetensors, smallLlamaConfig } from '../../../test/small-model-files.ts';
import { bufferSource } from '../../formats/bytes/byte-source.ts';
import { numberOf, textOf, textsOf } from '../../formats/gguf/gguf-value.ts';
import { readGguf } from '../../formats/gguf/read-gguf.ts';
import { numberReader } from '../../formats/numbers/read-numbers.ts';
import type { ConversionOrder, ModelConverter } from '../../kernel/ports/model-converter.ts';
import { createModelConverter } from './create-model-converter.ts';
import { doneShare } from './quantise.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const silent = { signal: new AbortController().signal, onProgress: () => undefined };
let base: string;
let converter: ModelConverter;

before(async () => {
  base = await mkdtemp(join(tmpdir(), 'samovar-converter-'));
  converter = converterWith(join(root, 'server/src/roles/convert-models.ts'));
});
after(() => rm(base, { recursive: true }));

interface Limits {
  readonly quantizeMemoryBytes?: number;
  readonly limitMs?: number;
}

function converterWith(entry: string, program: string | null = null, limits: Limits = {}): ModelConverter {
  const code = { entry, codeFolders: [root, base], environment: { SAMOVAR_RUN_ID: 'this run' } };
  const tool = { threads: 1, quantizeMemoryBytes: 2 ** 30, findQuantizeProgram: async () => program };
  return createModelConverter({ ...code, ...tool, ...limits });
}

const folderIn = (name: string) => mkdtemp(join(base, `${name}-`));

async function toGguf(folder: string, paths: readonly string[], type: 'F32' | 'Q8_0' | null = null) {
  const target = join(folder, 'model.gguf');
  await converter.convert({ kind: 'safetensors-to-gguf', folder, paths, target, type }, silent);
  const bytes = await readFile(target);
  return { bytes, header: await readGguf(bufferSource(bytes, 'model.gguf'), { keptElements: 1000 }) };
}

test('a model becomes GGUF and its weights come back bit by bit', async () => {
  const folder = await folderIn('there');
  const paths = await putHubModel(folder);
  const seen: number[] = [];
  const order: ConversionOrder = {
    kind: 'safetensors-to-gguf',
    folder,
    paths,
    target: join(folder, 'model.gguf'),
    type: null,
  };
  const [made] = await converter.convert(order, { ...silent, onProgress: (fraction) => seen.push(fraction) });
  assert.equal(seen.at(-1), 1);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  const again = await converter.convert({ ...order, target: join(folder, 'again.gguf') }, silent);
  assert.equal(again[0]?.sha256, made?.sha256);
  const back = await folderIn('back');
  const files = await converter.convert(
    { kind: 'gguf-to-safetensors', source: order.target, target: back, type: 'F32' },
    silent,
  );
  assert.equal(files.length, 4);
  const third = await folderIn('third');
  const target = join(third, 'model.gguf');
  const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
  const [once] = await converter.convert(
    { kind: 'safetensors-to-gguf', folder: back, paths: names, target, type: null },
    silent,
  );
  assert.equal(once?.sizeBytes, made?.sizeBytes);
  assert.deepEqual(await tensorBytes(target), await tensorBytes(order.target));
});

async function tensorBytes(path: string): Promise<Record<string, string>> {
  const bytes = await readFile(path);
  const { tensors } = await readGguf(bufferSource(bytes, path));
  return Object.fromEntries(
    tensors.map(({ name, offset, sizeBytes }) => [
      name,
      bytes.toString('base64', offset, offset + sizeBytes),
    ]),
  );
}

test('what the configuration and the tokenizer say stands in the metadata', async () => {
  const folder = await folderIn('metadata');
  const paths = await putHubModel(folder);
  await putFiles(folder, { 'README.md': '---\nlicense: apache-2.0\nlanguage: [en, ru]\n---\n' });
  const { header } = await toGguf(folder, [...paths, 'README.md']);
  const { metadata, tensors } = header;
  assert.equal(textOf(metadata, 'general.architecture'), 'llama');
  assert.equal(textOf(metadata, 'general.license'), 'apache-2.0');
  assert.deepEqual(textsOf(metadata, 'general.languages'), ['en', 'ru']);
  assert.equal(numberOf(metadata, 'llama.attention.head_count_kv'), 2);
  assert.equal(numberOf(metadata, 'llama.rope.dimension_count'), 16);
  assert.deepEqual(
    [textOf(metadata, 'tokenizer.ggml.model'), textOf(metadata, 'tokenizer.ggml.pre')],
    ['gpt2', 'gpt-2'],
  );
  const tokens = textsOf(metadata, 'tokenizer.ggml.tokens') ?? [];
  assert.equal(tokens.length, tensors.find(({ name }) => name === 'token_embd.weight')?.shape[1]);
  assert.equal(tokens[numberOf(metadata, 'tokenizer.ggml.eos_token_id') ?? -1], '<|end|>');
  assert.match(textOf(metadata, 'tokenizer.chat_template') ?? '', /for message/);
  assert.equal(
    tensors.find(({ name }) => name === 'output.weight'),
    undefined,
  );
});

test('weights in eight bits are within half a step of what they were', async () => {
  const folder = await folderIn('eight');
  const paths = await putHubModel(folder);
  const plain = await toGguf(folder, paths, 'F32');
  const small = await toGguf(folder, paths, 'Q8_0');
  assert.ok(small.bytes.length < plain.bytes.length / 3);
  const numbersIn = ({ bytes, header }: typeof plain) => {
    const tensor = header.tensors.find(({ name }) => name === 'blk.1.ffn_down.weight');
    assert.ok(tensor);
    const read = numberReader(tensor.type.name);
    return read?.(bytes.subarray(tensor.offset, tensor.offset + tensor.sizeBytes)) ?? [];
  };
  const [before, now] = [numbersIn(plain), numbersIn(small)];
  for (const [index, value] of before.entries())
    assert.ok(Math.abs(value - (now[index] ?? 9)) <= 0.2 / 127 / 2 + 1e-4, `${index}`);
});

const refusedConfigs: readonly (readonly [what: string, config: Record<string, unknown>, reason: RegExp])[] =
  [
    [
      'of an unknown class',
      { architectures: ['StrangeForCausalLM'] },
      /its class StrangeForCausalLM cannot be converted/,
    ],
    ['with another activation', { hidden_act: 'gelu' }, /hidden_act gelu cannot be carried over/],
    [
      'with positions scaled in a way of its own',
      { rope_scaling: { type: 'dynamic', factor: 2 } },
      /the way dynamic/,
    ],
    ['whose numbers are missing', { intermediate_size: undefined }, /does not say intermediate_size/],
  ];

for (const [what, config, reason] of refusedConfigs)
  test(`a model ${what} is refused with a reason, and nothing is left behind`, async () => {
    const folder = await folderIn('refused');
    const paths = await putHubModel(folder, { config });
    await assert.rejects(toGguf(folder, paths), reason);
    await assert.rejects(access(join(folder, 'model.gguf')));
    await assert.rejects(access(join(folder, '.model.gguf.unfinished')));
  });

test('an encoder of the BERT family becomes GGUF with its pooling, its words and its word pieces', async () => {
  const folder = await folderIn('encoder');
  const specials = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
  const vocab = Object.fromEntries([...specials, 'the', '##ing'].map((token, id) => [token, id]));
  const paths = await putFiles(folder, {
    'config.json': {
      architectures: ['BertModel'],
      model_type: 'bert',
      hidden_size: 64,
      num_hidden_layers: 1,
      num_attention_heads: 4,
      intermediate_size: 128,
      max_position_embeddings: 32,
      type_vocab_size: 2,
    },
    '1_Pooling/config.json': { word_embedding_dimension: 64, pooling_mode_cls_token: true },
    'tokenizer.json': {
      added_tokens: specials.map((content, id) => ({ id, content, special: true })),
      normalizer: { type: 'BertNormalizer', lowercase: true, strip_accents: null },
      model: { type: 'WordPiece', vocab },
    },
  });
  await putSafetensors(join(folder, 'model.safetensors'), {
    'embeddings.word_embeddings.weight': [8, 64],
    'embeddings.position_embeddings.weight': [32, 64],
    'encoder.layer.0.attention.self.query.weight': [64, 64],
    'encoder.layer.0.attention.self.query.bias': [64],
    'pooler.dense.weight': [64, 64],
  });
  const { header } = await toGguf(folder, [...paths, 'model.safetensors']);
  const { metadata, tensors } = header;
  assert.deepEqual(textsOf(metadata, 'tokenizer.ggml.tokens'), [...specials, '▁the', 'ing', '[PAD7]']);
  assert.deepEqual(
    [numberOf(metadata, 'bert.pooling_type'), numberOf(metadata, 'tokenizer.ggml.bos_token_id')],
    [2, 2],
  );
  assert.deepEqual(
    tensors.map(({ name, type }) => [name, type.name]),
    [
      ['token_embd.weight', 'BF16'],
      ['blk.0.attn_q.bias', 'F32'],
      ['blk.0.attn_q.weight', 'BF16'],
      ['position_embd.weight', 'F32'],
    ],
  );
});

test('an adapter becomes GGUF with its strength, and its rows in the order of the base', async () => {
  const folder = await folderIn('adapter');
  await putFiles(folder, {
    'adapter_config.json': { peft_type: 'LORA', r: 4, lora_alpha: 8, target_modules: ['q_proj'] },
    'base.json': smallLlamaConfig,
  });
  const layer = 'base_model.model.model.layers.1.self_attn.q_proj';
  await putSafetensors(join(folder, 'adapter_model.safetensors'), {
    [`${layer}.lora_A.weight`]: [4, 64],
    [`${layer}.lora_B.weight`]: [64, 4],
  });
  const target = join(folder, 'adapter.gguf');
  const order: ConversionOrder = {
    kind: 'peft-to-gguf',
    folder,
    paths: ['adapter_config.json', 'adapter_model.safetensors'],
    base: join(folder, 'base.json'),
    target,
  };
  await converter.convert(order, silent);
  const { metadata, tensors } = await readGguf(bufferSource(await readFile(target), 'adapter.gguf'));
  assert.equal(numberOf(metadata, 'adapter.lora.alpha'), 8);
  assert.deepEqual(
    tensors.map(({ name, shape }) => [name, shape]),
    [
      ['blk.1.attn_q.weight.lora_a', [64, 4]],
      ['blk.1.attn_q.weight.lora_b', [4, 64]],
    ],
  );
});

test('a conversion that dies leaves nothing under the target; one that nobody waits for ends at once', async () => {
  const folder = await folderIn('dying');
  const paths = await putHubModel(folder);
  const order: ConversionOrder = {
    kind: 'safetensors-to-gguf',
    folder,
    paths,
    target: join(folder, 'model.gguf'),
    type: null,
  };
  const entry = join(base, 'dies.ts');
  await writeFile(
    entry,
    `import fs from 'node:fs'; fs.writeFileSync(${JSON.stringify(join(folder, '.model.gguf.unfinished'))}, 'half'); process.abort();`,
  );
  await assert.rejects(converterWith(entry).convert(order, silent), /its process died/);
  await assert.rejects(access(join(folder, '.model.gguf.unfinished')));
  await writeFile(entry, 'for (;;) {}');
  const stopping = new AbortController();
  setTimeout(() => stopping.abort(new Error('enough')), 200);
  await assert.rejects(converterWith(entry).convert(order, { ...silent, signal: stopping.signal }), /enough/);
});

test('quantisation says what is missing, how far it is, and why it failed', async () => {
  const folder = await folderIn('tool');
  await mkdir(join(folder, 'in'));
  const order: ConversionOrder = {
    kind: 'quantise',
    source: join(folder, 'a.gguf'),
    target: join(folder, 'b.gguf'),
    type: 'Q4_K_M',
  };
  assert.match((await converter.unavailable('quantise')) ?? '', /llama-quantize has not been built/);
  assert.equal(await converter.unavailable('safetensors-to-gguf'), null);
  await assert.rejects(converter.convert(order, silent), /has not been built/);
  const program = join(folder, 'tool.sh');
  await writeFile(program, '#!/bin/sh\necho "[   1/   2] blk.0.x"\nprintf made > "$3"\n', { mode: 0o755 });
  const seen: number[] = [];
  const made = await converterWith('', program).convert(order, {
    ...silent,
    onProgress: (part) => seen.push(part),
  });
  assert.deepEqual([seen, made[0]?.sizeBytes], [[0.5, 1], 4]);
  await writeFile(program, '#!/bin/sh\necho "no such type in $SAMOVAR_RUN_ID" >&2\nexit 1\n', {
    mode: 0o755,
  });
  await assert.rejects(converterWith('', program).convert(order, silent), /no such type in this run/);
  assert.deepEqual([doneShare('[  68/ 272] x'), doneShare('x')], [0.25, null]);
});

test('a quantisation that grows too large, takes too long or stands still is ended, and leaves nothing', async () => {
  const folder = await folderIn('limits');
  await writeFile(join(folder, 'a.gguf'), 'small');
  const target = join(folder, 'b.gguf');
  const order: ConversionOrder = { kind: 'quantise', source: join(folder, 'a.gguf'), target, type: 'Q4_0' };
  const program = join(folder, 'tool.mjs');
  const begins = `#!${process.execPath}
    import fs from 'node:fs';
    fs.writeFileSync(process.argv[4], 'half');
    const session = '/proc/self/autogroup';
    const ofSession = fs.existsSync(session) ? fs.readFileSync(session, 'utf8').trim() : 'nice 19';
    console.log('[   1/   2] nice ' + (await import('node:os')).getPriority() + ', session ' + ofSession);`;
  const converter = (then: string, limits: Limits) =>
    writeFile(program, `${begins}\n${then}`, { mode: 0o755 }).then(() => converterWith('', program, limits));
  const nothingIsLeft = async () => {
    assert.deepEqual((await readdir(folder)).sort(), ['a.gguf', 'tool.mjs']);
  };

  const grows =
    'const kept = []; for (;;) kept.push(Buffer.alloc(2 ** 22, 1)), await new Promise((go) => setTimeout(go, 5));';
  const greedy = await converter(grows, { quantizeMemoryBytes: 150 * 2 ** 20 });
  await assert.rejects(greedy.convert(order, silent), /llama-quantize: it takes more than 150 MiB of memory/);
  await nothingIsLeft();

  const stands = 'setInterval(() => undefined, 1000);';
  const slow = await converter(stands, { limitMs: 1500 });
  await assert.rejects(slow.convert(order, silent), /llama-quantize: it takes longer than 1.5 seconds/);
  await nothingIsLeft();

  const stopping = new AbortController();
  const waiting = (await converter(stands, {})).convert(order, {
    signal: stopping.signal,
    onProgress: () => stopping.abort(new Error('enough')),
  });
  await assert.rejects(waiting, /enough/);
  await nothingIsLeft();

  // The system lowers sessions for users other than root once in a tenth of a second.
  await wait(200);
  const fails = await converter("process.kill(process.pid, 'SIGKILL');", {});
  await assert.rejects(fails.convert(order, silent), /nice 19, session .*nice 19/);
  await nothingIsLeft();
});
