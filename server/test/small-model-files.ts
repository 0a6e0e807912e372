import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ggmlTypeNamed } from '../src/formats/gguf/ggml-types.ts';
import type { GgufElementType, GgufScalar, GgufValue } from '../src/formats/gguf/gguf-value.ts';
import { writeGguf } from '../src/formats/gguf/write-gguf.ts';
import { writeSafetensors } from '../src/formats/safetensors/write-safetensors.ts';

/** Files with what stands in them, put into a folder; their paths are returned. */
export async function putFiles(
  folder: string,
  files: Readonly<Record<string, string | Buffer | object>>,
): Promise<string[]> {
  for (const [path, content] of Object.entries(files)) {
    const place = join(folder, path);
    await mkdir(dirname(place), { recursive: true });
    const isPlain = typeof content === 'string' || Buffer.isBuffer(content);
    await writeFile(place, isPlain ? content : JSON.stringify(content));
  }
  return Object.keys(files);
}

/** Metadata for a GGUF file: texts are strings, whole numbers 32-bit, others floats. */
export function ggufMetadata(
  entries: Readonly<Record<string, GgufScalar | readonly GgufScalar[]>>,
): Map<string, GgufValue> {
  return new Map(
    Object.entries(entries).map(([key, value]): [string, GgufValue] => {
      if (!isList(value)) return [key, { type: typeOf(value), value }];
      const elementType = value[0] === undefined ? 'uint32' : typeOf(value[0]);
      return [key, { type: 'array', elementType, count: value.length, values: value }];
    }),
  );
}

function isList(value: GgufScalar | readonly GgufScalar[]): value is readonly GgufScalar[] {
  return Array.isArray(value);
}

function typeOf(value: GgufScalar): GgufElementType {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return Number.isInteger(Number(value)) ? 'uint32' : 'float32';
}

/** A GGUF file of tensors full of zeros, 32-bit floats. */
export async function putGguf(
  path: string,
  metadata: Readonly<Record<string, GgufScalar | readonly GgufScalar[]>>,
  tensors: Readonly<Record<string, readonly number[]>>,
): Promise<void> {
  const type = ggmlTypeNamed('F32');
  await writeGguf(
    path,
    ggufMetadata(metadata),
    Object.entries(tensors).map(([name, shape]) => ({ name, shape, type, bytes: () => [zeros(shape, 4)] })),
  );
}

/** A safetensors file of tensors full of zeros. */
export async function putSafetensors(
  path: string,
  tensors: Readonly<Record<string, readonly number[]>>,
  dtype: 'F32' | 'BF16' = 'BF16',
): Promise<void> {
  const bytes = dtype === 'F32' ? 4 : 2;
  await writeSafetensors(
    path,
    Object.entries(tensors).map(([name, shape]) => ({
      name,
      dtype,
      shape,
      bytes: () => [zeros(shape, bytes)],
    })),
  );
}

function zeros(shape: readonly number[], elementBytes: number): Buffer {
  return Buffer.alloc(shape.reduce((product, each) => product * each, elementBytes));
}

/** Metadata of a small model of the Llama family, as far as an inspection needs it. */
export const smallLlama = {
  'general.architecture': 'llama',
  'llama.block_count': 2,
  'llama.context_length': 256,
  'llama.embedding_length': 64,
  'llama.attention.head_count': 4,
  'llama.attention.head_count_kv': 2,
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.tokens': ['a', 'b'],
} as const;

/** `config.json` of a small model of the Llama family on the hub. */
export const smallLlamaConfig = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 256,
} as const;
