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
  'llama.feed_forward_length': 16,
  'llama.attention.head_count': 4,
  'llama.attention.head_count_kv': 2,
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.tokens': ['a', 'b'],
} as const;

/** Shapes of all tensors of a model that says of itself what `smallLlama` does, as GGUF has them. */
export function smallLlamaTensors(rows = 2): Record<string, readonly number[]> {
  const block = {
    attn_norm: [64],
    attn_q: [64, 64],
    attn_k: [64, 32],
    attn_v: [64, 32],
    attn_output: [64, 64],
    ffn_norm: [64],
    ffn_gate: [64, 16],
    ffn_up: [64, 16],
    ffn_down: [16, 64],
  };
  return {
    'token_embd.weight': [64, rows],
    'output_norm.weight': [64],
    ...Object.fromEntries(
      [0, 1].flatMap((layer) =>
        Object.entries(block).map(([name, shape]) => [`blk.${layer}.${name}.weight`, shape]),
      ),
    ),
  };
}

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

/** Shapes of all tensors of a model whose configuration is `smallLlamaConfig`, as the hub has them. */
export function smallLlamaHubTensors(rows = 100): Record<string, readonly number[]> {
  const layer = {
    input_layernorm: [64],
    'self_attn.q_proj': [64, 64],
    'self_attn.k_proj': [32, 64],
    'self_attn.v_proj': [32, 64],
    'self_attn.o_proj': [64, 64],
    post_attention_layernorm: [64],
    'mlp.gate_proj': [128, 64],
    'mlp.up_proj': [128, 64],
    'mlp.down_proj': [64, 128],
  };
  return {
    'model.embed_tokens.weight': [rows, 64],
    ...Object.fromEntries(
      [0, 1].flatMap((at) =>
        Object.entries(layer).map(([name, shape]) => [`model.layers.${at}.${name}.weight`, shape]),
      ),
    ),
    'model.norm.weight': [64],
  };
}
