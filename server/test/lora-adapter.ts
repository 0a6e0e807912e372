import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { ggmlTypeNamed } from '../src/formats/gguf/ggml-types.ts';
import type { GgufValue } from '../src/formats/gguf/gguf-value.ts';
import { writeGguf } from '../src/formats/gguf/write-gguf.ts';
import { catalogueManifest, type TestModel } from './models.ts';

/** A model, as an adapter sees it: inputs and outputs of what is adapted. */
interface AdaptedModel {
  readonly layers: number;
  readonly modules: Readonly<Record<string, readonly [inputs: number, outputs: number]>>;
}

const modules = { attn_q: [576, 576], attn_v: [576, 192], ffn_down: [1536, 576] } as const;
const smolLm: AdaptedModel = { layers: 30, modules };
const wider: AdaptedModel = {
  layers: 30,
  modules: { attn_q: [1152, 1152], attn_v: [1152, 384], ffn_down: [3072, 1152] },
};
/** The tiny Llama of `tiny-architectures.ts`. */
export const tinyLlama: AdaptedModel = {
  layers: 4,
  modules: { attn_q: [64, 64], attn_v: [64, 32], ffn_down: [96, 64] },
};

export interface MadeAdapter {
  readonly rank?: number;
  /** How far it changes the weights; 0 changes nothing. */
  readonly strength: number;
  readonly seed: number;
  /** Its matrices are for a model twice as wide. */
  readonly misfits?: boolean;
  /** SmolLM2-135M when absent. */
  readonly model?: AdaptedModel;
  /** The address of the model that it says it was trained on; it says nothing when absent. */
  readonly trainedOn?: string;
}

/** Writes a LoRA adapter in GGUF: random, or of zeros. */
export async function writeAdapter(
  path: string,
  { rank = 4, strength, seed, misfits = false, model = smolLm, trainedOn }: MadeAdapter,
): Promise<void> {
  const text = (value: string): GgufValue => ({ type: 'string', value });
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', text('llama')],
    ['general.type', text('adapter')],
    ['adapter.type', text('lora')],
    ['adapter.lora.alpha', { type: 'float32', value: rank }],
    ...(trainedOn === undefined ? [] : [['general.base_model.0.repo_url', text(trainedOn)] as const]),
  ]);
  const random = numbersOf(seed);
  const adapted = misfits ? wider : model;
  const tensors = Array.from({ length: adapted.layers }, (_, layer) =>
    Object.entries(adapted.modules).flatMap(([name, [inputs, outputs]]) => [
      tensor(`blk.${layer}.${name}.weight.lora_a`, [inputs, rank], () => random() / Math.sqrt(inputs)),
      tensor(`blk.${layer}.${name}.weight.lora_b`, [rank, outputs], () => strength * random()),
    ]),
  ).flat();
  mkdirSync(dirname(path), { recursive: true });
  await writeGguf(path, metadata, tensors);
}

/** The same as a model of the registry, bound to the lineage of the catalogue's SmolLM2. */
export async function adapterModel(name: string, path: string, made: MadeAdapter): Promise<TestModel> {
  await writeAdapter(path, made);
  const bytes = readFileSync(path);
  const base = await catalogueManifest('smollm2-135m-instruct');
  const manifest: ModelManifest = {
    ...base,
    name,
    title: name,
    description: 'A LoRA adapter made for a test.',
    parameters: 1,
    quantization: 'F32',
    contextTokens: 1,
    memory: { weightsBytes: bytes.length, perSequenceBytes: 0 },
    adapter: {
      format: 'gguf',
      rank: made.rank ?? 4,
      alpha: made.rank ?? 4,
      targetModules: Object.keys(modules),
      base: { source: base.sources[0] ?? null, revision: null, architecture: 'llama' },
    },
    files: [
      {
        name: 'adapter.gguf',
        sizeBytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        pathInSource: 'adapter.gguf',
      },
    ],
    sources: [],
  };
  return { manifest, files: { 'adapter.gguf': path } };
}

function tensor(name: string, shape: readonly number[], next: () => number) {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next);
  return { name, shape, type: ggmlTypeNamed('F32'), bytes: () => [Buffer.from(values.buffer)] };
}

/** Numbers between -1 and 1, the same for the same seed (mulberry32). */
function numbersOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}
