import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { modelManifestSchema } from '@samovar/contract/model-manifest';
import fc from 'fast-check';
import Value from 'typebox/value';
import {
  ggufMetadata,
  putSafetensors,
  smallLlama,
  smallLlamaConfig,
  smallLlamaHubTensors,
  smallLlamaTensors,
} from '../../../test/small-model-files.ts';
import { SamovarError } from '../../kernel/errors.ts';
import { bufferSource } from '../bytes/byte-source.ts';
import { ggmlTypeNamed } from '../gguf/ggml-types.ts';
import { ggufHeader } from '../gguf/write-gguf.ts';
import { inspectFiles } from './inspect-files.ts';

let folder: string;
let weights: Buffer;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samovar-inspect-'));
  await putSafetensors(join(folder, 'm.safetensors'), smallLlamaHubTensors(4));
  weights = await readFile(join(folder, 'm.safetensors'));
});
after(() => rm(folder, { recursive: true }));

/** Facts that make a manifest, or a refusal; nothing else. */
async function factsOrRefusal(sources: Parameters<typeof inspectFiles>[0]): Promise<'facts' | 'refused'> {
  try {
    const { facts } = await inspectFiles(sources);
    const manifest = {
      schema: 'samovar.model/v1',
      name: 'm',
      title: 'm',
      description: '',
      files: [],
      sources: [],
      ...facts,
    };
    const errors = Value.Errors(modelManifestSchema, JSON.parse(JSON.stringify(manifest)));
    assert.deepEqual(errors, [], JSON.stringify(facts));
    return 'facts';
  } catch (error) {
    if (error instanceof SamovarError && error.code === 'model.refused') return 'refused';
    throw error;
  }
}

const number = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.integer({ min: 0, max: 300 }),
  fc.constantFrom(0, 1, 4_294_967_295),
  fc.array(fc.integer({ min: 0, max: 64 }), { minLength: 1, maxLength: 4 }),
  fc.string(),
);
const keys = [
  'llama.block_count',
  'llama.context_length',
  'llama.embedding_length',
  'llama.attention.head_count',
  'llama.attention.head_count_kv',
  'llama.attention.key_length',
  'llama.attention.sliding_window',
  'llama.attention.sliding_window_pattern',
  'llama.full_attention_interval',
  'llama.ssm.inner_size',
  'llama.ssm.state_size',
  'llama.wkv.head_size',
  'llama.pooling_type',
  'general.license',
  'general.languages',
  'general.file_type',
  'split.count',
  'split.no',
  'tokenizer.chat_template',
] as const;

test('whatever the metadata of a GGUF file say, it makes a valid manifest or is refused', async () => {
  const seen = { facts: 0, refused: 0 };
  const type = ggmlTypeNamed('F32');
  const tensors = Object.entries(smallLlamaTensors()).map(([name, shape]) => ({
    name,
    shape,
    type,
    bytes: () => [],
  }));
  const zeros = Buffer.alloc(256 * 1024);
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.constantFrom(...keys), number, { maxKeys: 6 }), async (changes) => {
      const header = ggufHeader(ggufMetadata({ ...smallLlama, ...changes }), tensors, 32);
      seen[await factsOrRefusal([bufferSource(Buffer.concat([header, zeros]), 'm.gguf')])] += 1;
    }),
    { numRuns: 1500 },
  );
  assert.ok(seen.facts > 50 && seen.refused > 50, JSON.stringify(seen));
});

test('a GGUF file that does not say how long its context is, is refused for that', async () => {
  const { 'llama.context_length': _, ...rest } = smallLlama;
  const header = ggufHeader(ggufMetadata(rest), [], 32);
  await assert.rejects(
    inspectFiles([bufferSource(header, 'm.gguf')]),
    /m\.gguf does not say how long the context of its model is/,
  );
});

test('whatever a configuration of the hub says, it makes a valid manifest or is refused', async () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.nat(200_000),
    fc.constantFrom('sliding_attention', 'gptq'),
  );
  const names = fc.constantFrom(
    ...Object.keys(smallLlamaConfig),
    'vocab_size',
    'head_dim',
    'sliding_window',
    'layer_types',
    'text_config',
    'quantization_config',
    'use_sliding_window',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(names, value, { maxKeys: 4 }),
      fc.jsonValue({ maxDepth: 3 }),
      async (changes, tokenizerConfig) => {
        await factsOrRefusal([
          bufferSource(weights, 'model.safetensors'),
          bufferSource(Buffer.from(JSON.stringify({ ...smallLlamaConfig, ...changes })), 'config.json'),
          bufferSource(Buffer.from('{}'), 'tokenizer.json'),
          bufferSource(Buffer.from(JSON.stringify(tokenizerConfig)), 'tokenizer_config.json'),
        ]);
      },
    ),
    { numRuns: 1500 },
  );
});

test('whatever stands in a file, its format is told or it is refused', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 600 }),
      fc.constantFrom('README.md', 'model.gguf', 'x/config.json', 'LICENSE'),
      async (bytes, path) => {
        assert.equal(await factsOrRefusal([bufferSource(Buffer.from(bytes), path)]), 'refused');
      },
    ),
    { numRuns: 2000 },
  );
});
