import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { smallTokenizer, smallTokenizerConfig } from '../../../test/small-hub-model.ts';
import { putTinyModel, type TinyModel, tinyModel } from '../../../test/tiny-architectures.ts';
import { type ByteSource, bufferSource } from '../bytes/byte-source.ts';
import { readHubConfig } from '../facts/hub-config.ts';
import { numberOf, textsOf } from '../gguf/gguf-value.ts';
import { readGguf } from '../gguf/read-gguf.ts';
import { hubToGguf } from './hub-to-gguf.ts';

let base: string;

before(async () => {
  base = await mkdtemp(join(tmpdir(), 'samovar-forms-'));
});
after(() => rm(base, { recursive: true }));

async function converted(model: TinyModel) {
  const folder = await mkdtemp(join(base, 'model-'));
  const paths = await putTinyModel(folder, model);
  const open = async (path: string): Promise<ByteSource> =>
    bufferSource(await readFile(join(folder, path)), path);
  const target = join(folder, 'model.gguf');
  await hubToGguf(await Promise.all(paths.map(open)), target, { type: 'F32' });
  const bytes = await readFile(target);
  const { metadata, tensors } = await readGguf(bufferSource(bytes, target), { keptElements: 10_000 });
  const weights = tensors.map(({ name, offset, sizeBytes }) => [
    name,
    bytes.subarray(offset, offset + sizeBytes),
  ]);
  return { metadata, weights };
}

/** As Gemma 3 is published from 4B on: what sees is left behind, and numbers that are the usual ones are not said. */
for (const prefix of ['language_model.model.', 'model.language_model.'])
  test(`the text model within a Gemma 3 that sees, named ${prefix}…, is the same as alone`, async () => {
    const alone = tinyModel('gemma3');
    const { architectures: _, model_type: __, ...inner } = alone.config;
    const seeing = {
      config: {
        architectures: ['Gemma3ForConditionalGeneration'],
        model_type: 'gemma3',
        text_config: { ...inner, model_type: 'gemma3_text' },
        vision_config: { hidden_size: 8 },
      },
      shapes: {
        ...Object.fromEntries(
          Object.entries(alone.shapes).map(([name, shape]) => [name.replace('model.', prefix), shape]),
        ),
        'vision_tower.vision_model.encoder.layers.0.layer_norm1.weight': [8],
        'multi_modal_projector.mm_soft_emb_norm.weight': [8],
      },
    };
    const [whole, own] = [await converted(seeing), await converted(alone)];
    assert.deepEqual(whole.weights, own.weights);
    assert.deepEqual(whole.metadata, own.metadata);
  });

test('a Gemma 3 that says no more than its size is known by the usual numbers', () => {
  const config = {
    architectures: ['Gemma3ForConditionalGeneration'],
    model_type: 'gemma3',
    text_config: {
      model_type: 'gemma3_text',
      hidden_size: 2560,
      num_hidden_layers: 34,
      sliding_window: 1024,
    },
  };
  const { layers, contextTokens } = readHubConfig(config, 'config.json');
  assert.equal(contextTokens, 131_072);
  assert.deepEqual([layers[0]?.kvHeads, layers[0]?.keyDimensions], [4, 256]);
});

test('a newer configuration, with positions in one place, says the same as an older one', async () => {
  const older = tinyModel('gemma3');
  const { rope_theta: base, rope_local_base_freq: local, rope_scaling: scaling, ...rest } = older.config;
  const newer = {
    ...older,
    config: {
      ...rest,
      rope_parameters: {
        full_attention: { ...Object(scaling), rope_theta: base },
        sliding_attention: { rope_type: 'default', rope_theta: local },
      },
    },
  };
  const { metadata } = await converted(newer);
  assert.deepEqual(metadata, (await converted(older)).metadata);
  assert.equal(numberOf(metadata, 'gemma3.rope.freq_base_swa'), 10_000);
  assert.equal(numberOf(metadata, 'gemma3.rope.scaling.factor'), 8.5);
});

test('Phi-3 names Python files that nobody needs any more; of other classes such files are a reason to refuse', () => {
  const code = { auto_map: { AutoModelForCausalLM: 'modeling_phi3.Phi3ForCausalLM' } };
  assert.equal(readHubConfig({ ...tinyModel('phi3').config, ...code }, 'config.json').modelType, 'phi3');
  assert.throws(() => readHubConfig({ ...tinyModel('qwen2').config, ...code }, 'config.json'), {
    message: /names Python code that the model needs/,
  });
});

test('Qwen3 as an embedding model is the same under names without a head', async () => {
  const whole = tinyModel('qwen3');
  const shapes = Object.fromEntries(
    Object.entries(whole.shapes).map(([name, shape]) => [name.replace('model.', ''), shape]),
  );
  const config = { ...whole.config, architectures: ['Qwen3Model'] };
  assert.deepEqual((await converted({ ...whole, config, shapes })).weights, (await converted(whole)).weights);
});

test('a tied model of a kind that the engine wants an output matrix of has its word embeddings twice', async () => {
  const { shapes, config } = tinyModel('olmo2');
  const { 'lm_head.weight': _, ...others } = shapes;
  const { weights } = await converted({ config: { ...config, tie_word_embeddings: true }, shapes: others });
  const of = new Map(weights.map(([name, bytes]) => [name, bytes]));
  assert.deepEqual(of.get('output.weight'), of.get('token_embd.weight'));
});

test('added tokens that the weights have no row for, as small Gemma 3 models bring one for pictures, are left out', async () => {
  const small = smallTokenizer();
  const added = [small.added_tokens, { id: 264, content: '<image_soft_token>', special: true }].flat();
  const tokenizer = { ...small, added_tokens: added };
  const tokenizerConfig = { ...smallTokenizerConfig, pad_token: '<image_soft_token>' };
  const [more, own] = [
    await converted({ ...tinyModel('gemma3'), tokenizer, tokenizerConfig }),
    await converted(tinyModel('gemma3')),
  ];
  assert.equal(textsOf(more.metadata, 'tokenizer.ggml.tokens')?.length, 264);
  assert.deepEqual(more.metadata, own.metadata);
});

test('a role of a token that the weights have no row for is nobody’s', async () => {
  const { config, ...rest } = tinyModel('llama');
  const { metadata } = await converted({ config: { ...config, pad_token_id: 264 }, ...rest });
  assert.equal(numberOf(metadata, 'tokenizer.ggml.padding_token_id'), null);
});
