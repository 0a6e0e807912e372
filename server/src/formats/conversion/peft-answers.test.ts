import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ChatCompletion } from 'openai/resources/chat/completions';
import { startTestWorker } from '../../../test/llama-worker.ts';
import { catalogueManifest } from '../../../test/models.ts';
import { randomNumbers } from '../../../test/small-hub-model.ts';
import { putFiles, putGguf, smallLlama } from '../../../test/small-model-files.ts';
import { putTinyModel, tinyModel } from '../../../test/tiny-architectures.ts';
import { bufferSource } from '../bytes/byte-source.ts';
import type { WrittenType } from '../numbers/write-numbers.ts';
import { readSafetensors } from '../safetensors/read-safetensors.ts';
import { writeSafetensors } from '../safetensors/write-safetensors.ts';
import { hubToGguf } from './hub-to-gguf.ts';
import { peftToGguf } from './peft-to-gguf.ts';

let base: string;

before(async () => {
  base = await mkdtemp(join(tmpdir(), 'samovar-peft-'));
});
after(() => rm(base, { recursive: true }));

const tokenizerFiles = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];

interface AdapterCase {
  readonly what: string;
  readonly model: string;
  readonly adapted: RegExp;
  readonly config: Readonly<Record<string, unknown>>;
  /** The rank of a module, and by how much PEFT multiplies what it adds (`peft/tuners/lora/layer.py`). */
  rank(module: string): number;
  scale(module: string): number;
}

const everyMatrix = /_proj$/;
const plain = {
  adapted: everyMatrix,
  config: { r: 4, lora_alpha: 8 },
  rank: () => 4,
  scale: () => 2,
};

const cases: readonly AdapterCase[] = [
  {
    ...plain,
    what: 'an adapter of all matrices of a Llama, whose heads are ordered otherwise',
    model: 'llama',
  },
  { ...plain, what: 'an adapter of all matrices of a Gemma 2', model: 'gemma2' },
  { ...plain, what: 'an adapter of the fused matrices of a Phi-3', model: 'phi3' },
  {
    ...plain,
    what: 'an adapter of the attention of a Qwen3 MoE',
    model: 'qwen3moe',
    adapted: /self_attn.*_proj$/,
  },
  {
    ...plain,
    what: 'a rank-stabilised adapter',
    model: 'qwen3',
    config: { r: 4, lora_alpha: 4, use_rslora: true },
    scale: () => 2,
  },
  {
    what: 'an adapter whose modules have ranks and strengths of their own',
    model: 'llama',
    adapted: everyMatrix,
    config: { r: 4, lora_alpha: 8, rank_pattern: { q_proj: 2 }, alpha_pattern: { 'mlp.down_proj': 2 } },
    rank: (module) => (module.endsWith('q_proj') ? 2 : 4),
    scale: (module) => (module.endsWith('q_proj') ? 4 : module.endsWith('mlp.down_proj') ? 0.5 : 2),
  },
];

for (const [index, each] of cases.entries())
  test(`${each.what} answers as the weights with it merged in`, async () => {
    const folder = join(base, String(index));
    const made = await makeAdapter(folder, each);
    const adapter = join(folder, 'adapter.gguf');
    await peftToGguf(made.adapter, made.config, adapter);
    const own = await answers(await gguf(folder, 'F32'), adapter);
    const merged = await answers(await gguf(join(folder, 'merged'), 'F32'), null);
    near(own.adapted, merged.base, 0.03);
    assert.ok(apart(own.base, merged.base) > 0.1, 'the adapter changes what is answered');
    if (index > 0) return;
    const small = await answers(await gguf(folder, 'Q8_0'), adapter);
    // Eight bits of the base are rounded, which tiny random weights feel more than trained ones.
    near(small.adapted, merged.base, apart(own.base, merged.base) / 3);
  });

test('of a base in several files, those matrices are held against the adapter that the first one has', async () => {
  const folder = join(base, 'split');
  const made = await makeAdapter(folder, { ...plain, what: '', model: 'llama' });
  const convert = async (shape: readonly number[], parts: number) => {
    const head = join(folder, 'head.gguf');
    await putGguf(head, { ...smallLlama, 'split.count': parts }, { 'blk.0.attn_q.weight': shape });
    await peftToGguf(made.adapter, bufferSource(await readFile(head), head), join(folder, 'adapter.gguf'));
  };
  await convert([64, 64], 2);
  await assert.rejects(convert([32, 64], 2), /it was trained on another model/);
  await assert.rejects(convert([64, 64], 1), /which its base does not have/);
});

/** A tiny model, an adapter of it, and the same model with the adapter merged into its weights. */
async function makeAdapter(folder: string, { model, adapted, config, rank, scale }: AdapterCase) {
  const merged = join(folder, 'merged');
  await mkdir(merged, { recursive: true });
  await putTinyModel(folder, tinyModel(model));
  for (const name of tokenizerFiles) await copyFile(join(folder, name), join(merged, name));
  const weights = await readFile(join(folder, 'model.safetensors'));
  const { tensors } = await readSafetensors(bufferSource(weights, 'model.safetensors'));
  const random = randomNumbers(17);
  const parts: { name: string; shape: number[]; numbers: Float32Array<ArrayBuffer> }[] = [];
  for (const { name, shape, offset } of tensors.values()) {
    const module = name.replace(/\.weight$/, '');
    const [rows = 0, columns = 0] = shape;
    if (!adapted.test(module)) continue;
    const width = rank(module);
    const a = Float32Array.from({ length: width * columns }, () => random() * 0.3);
    const b = Float32Array.from({ length: rows * width }, () => random() * 0.1);
    parts.push({ name: `base_model.model.${module}.lora_A.weight`, shape: [width, columns], numbers: a });
    parts.push({ name: `base_model.model.${module}.lora_B.weight`, shape: [rows, width], numbers: b });
    for (let row = 0; row < rows; row += 1)
      for (let column = 0; column < columns; column += 1) {
        let sum = 0;
        for (let inner = 0; inner < width; inner += 1)
          sum += (b[row * width + inner] ?? 0) * (a[inner * columns + column] ?? 0);
        const at = offset + 4 * (row * columns + column);
        weights.writeFloatLE(weights.readFloatLE(at) + scale(module) * sum, at);
      }
  }
  await writeFile(join(merged, 'model.safetensors'), weights);
  await putFiles(folder, { 'adapter_config.json': { peft_type: 'LORA', ...config } });
  await writeSafetensors(
    join(folder, 'adapter_model.safetensors'),
    parts.map(({ name, shape, numbers }) => ({
      name,
      shape,
      dtype: 'F32',
      bytes: () => [Buffer.from(numbers.buffer)],
    })),
  );
  const open = async (name: string) => bufferSource(await readFile(join(folder, name)), name);
  return {
    adapter: [await open('adapter_config.json'), await open('adapter_model.safetensors')],
    config: await open('config.json'),
  };
}

async function gguf(folder: string, type: WrittenType): Promise<string> {
  const paths = [...tokenizerFiles, 'model.safetensors'];
  const sources = await Promise.all(
    paths.map(async (path) => bufferSource(await readFile(join(folder, path)), path)),
  );
  const target = join(folder, `${type}.gguf`);
  await hubToGguf(sources, target, { type });
  return target;
}

/** Logarithms of probabilities of the likeliest tokens after a text, without and with the adapter. */
async function answers(path: string, adapter: string | null) {
  const manifest = { ...(await catalogueManifest('smollm2-135m-instruct')), contextTokens: 256 };
  const worker = await startTestWorker({
    manifest,
    files: { 'model.gguf': path },
    contextTokens: 256,
    parallelSequences: 1,
    adapters:
      adapter === null
        ? []
        : [{ versionId: 'adapter', name: 'adapter', path: adapter, parallelSequences: 1 }],
  });
  const ask = async (extra: object) => {
    const answer = await worker.json<ChatCompletion>('/v1/chat/completions', {
      model: 'm',
      messages: [{ role: 'user', content: 'hello world: the quick brown fox jumps over 12 lazy dogs' }],
      temperature: 0,
      max_tokens: 1,
      logprobs: true,
      top_logprobs: 20,
      repetition_penalty: 1,
      ...extra,
    });
    const top = answer.choices[0]?.logprobs?.content?.[0]?.top_logprobs ?? [];
    return new Map(top.map(({ bytes, logprob }) => [String(bytes), logprob]));
  };
  try {
    await worker.ready();
    return {
      base: await ask({}),
      adapted: adapter === null ? new Map<string, number>() : await ask({ samovar: { adapter: 'adapter' } }),
    };
  } finally {
    await worker.stop();
  }
}

type Answers = ReadonlyMap<string, number>;

/** How far the logarithms are apart, at most, of the ten likeliest tokens of `wanted`. */
function apart(found: Answers, wanted: Answers): number {
  const likeliest = [...wanted].sort((a, b) => b[1] - a[1]).slice(0, 10);
  return Math.max(...likeliest.map(([token, logprob]) => Math.abs((found.get(token) ?? -20) - logprob)));
}

function near(found: Answers, wanted: Answers, most: number): void {
  assert.ok(wanted.size > 10);
  assert.ok(apart(found, wanted) < most, `apart by ${apart(found, wanted)}`);
}
