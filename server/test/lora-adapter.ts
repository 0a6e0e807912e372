import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { ggmlTypeNamed } from '../src/formats/gguf/ggml-types.ts';
import type { GgufValue } from '../src/formats/gguf/gguf-value.ts';
import { writeGguf } from '../src/formats/gguf/write-gguf.ts';
import { catalogueManifest, type TestModel } from './models.ts';

/** SmolLM2-135M, as an adapter sees it: inputs and outputs of what is adapted. */
const layers = 30;
const modules = { attn_q: [576, 576], attn_v: [576, 192], ffn_down: [1536, 576] } as const;
const widerModules = { attn_q: [1152, 1152], attn_v: [1152, 384], ffn_down: [3072, 1152] } as const;

export interface MadeAdapter {
  readonly rank?: number;
  /** How far it changes the weights; 0 changes nothing. */
  readonly strength: number;
  readonly seed: number;
  /** Its matrices are for a model twice as wide. */
  readonly misfits?: boolean;
}

/** Writes a LoRA adapter of SmolLM2-135M in GGUF: random, or of zeros. */
export async function writeAdapter(
  path: string,
  { rank = 4, strength, seed, misfits = false }: MadeAdapter,
): Promise<void> {
  const text = (value: string): GgufValue => ({ type: 'string', value });
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', text('llama')],
    ['general.type', text('adapter')],
    ['adapter.type', text('lora')],
    ['adapter.lora.alpha', { type: 'float32', value: rank }],
  ]);
  const random = numbersOf(seed);
  const tensors = Array.from({ length: layers }, (_, layer) =>
    Object.entries(misfits ? widerModules : modules).flatMap(([name, [inputs, outputs]]) => [
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
