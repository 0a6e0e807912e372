import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ByteSource } from '../bytes/byte-source.ts';
import { type GgufMetadata, numberOf, textOf, textsOf } from '../gguf/gguf-value.ts';
import { type GgufTensor, readGguf } from '../gguf/read-gguf.ts';
import { numberReader } from '../numbers/read-numbers.ts';
import { refusal } from '../refuse-files.ts';
import {
  type SafetensorsTensorSource,
  type WriteSafetensorsOptions,
  writeSafetensors,
} from '../safetensors/write-safetensors.ts';
import { hubTokenizerFiles } from './hub-tokenizer-files.ts';
import { families, layerNames, llama3Frequencies, type ModelFamily, otherNames } from './model-family.ts';
import { convertedPieces, type RowOrder } from './tensor-pieces.ts';

export interface GgufToHubOptions extends WriteSafetensorsOptions {
  /** The type of all matrices; vectors have it too. */
  readonly type: 'F32' | 'F16' | 'BF16';
}

/** No vocabulary has more tokens or merges. */
const mostElements = 8_388_608;

/**
 * Writes a GGUF model out as the hub has it: `model.safetensors`, `config.json`, `tokenizer.json`,
 * `tokenizer_config.json` in `folder`, which exists. Quantised weights become plain numbers. Returns the names of the
 * files. Throws `model.refused` for architectures and tokenizers that cannot be written so.
 */
export async function ggufToHub(
  source: ByteSource,
  folder: string,
  options: GgufToHubOptions,
): Promise<string[]> {
  const { metadata, tensors } = await readGguf(source, { keptElements: mostElements });
  const architecture = textOf(metadata, 'general.architecture') ?? '';
  const family = families.find((each) => each.architecture === architecture);
  if (family === undefined)
    throw refusal(`its architecture ${architecture.slice(0, 60)} cannot be written as safetensors here`);
  const config = await configOf(source, metadata, tensors, { family, dtype: options.type });
  const texts: Record<string, unknown> = { 'config.json': config, ...hubTokenizerFiles(metadata) };
  const card = cardOf(metadata);
  if (card !== null) await writeFile(join(folder, 'README.md'), card);
  for (const [name, value] of Object.entries(texts))
    await writeFile(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
  const made = tensors.flatMap((tensor) =>
    tensorSource(source, tensor, config, { family, dtype: options.type }),
  );
  await writeSafetensors(join(folder, 'model.safetensors'), made, { ...options, metadata: { format: 'pt' } });
  return [...Object.keys(texts), ...(card === null ? [] : ['README.md']), 'model.safetensors'];
}

/** A model card with the terms and languages that the file names; `null` when it names none. */
function cardOf(metadata: GgufMetadata): string | null {
  const license = textOf(metadata, 'general.license');
  const languages = textsOf(metadata, 'general.languages') ?? [];
  if (license === null && languages.length === 0) return null;
  const facts = {
    ...(license === null ? {} : { license }),
    ...(languages.length === 0 ? {} : { language: languages }),
  };
  return `---\n${stringify(facts)}---\n`;
}

interface Target {
  readonly family: ModelFamily;
  readonly dtype: GgufToHubOptions['type'];
}

const dtypeNames = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;

async function configOf(
  source: ByteSource,
  metadata: GgufMetadata,
  tensors: readonly GgufTensor[],
  { family, dtype }: Target,
): Promise<Record<string, unknown>> {
  const { architecture } = family;
  const of = (key: string) => numberOf(metadata, `${architecture}.${key}`);
  const heads = of('attention.head_count');
  const scaling = textOf(metadata, `${architecture}.rope.scaling.type`);
  const config: Record<string, unknown> = {
    architectures: family.classes.slice(0, 1),
    model_type: family.modelType,
    dtype: dtypeNames[dtype],
    hidden_act: 'silu',
    hidden_size: of('embedding_length'),
    intermediate_size: of('feed_forward_length'),
    num_hidden_layers: of('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: of('attention.head_count_kv') ?? heads,
    max_position_embeddings: of('context_length'),
    rms_norm_eps: of('attention.layer_norm_rms_epsilon'),
    rope_theta: of('rope.freq_base') ?? 10_000,
    vocab_size: tensors.find(({ name }) => name === 'token_embd.weight')?.shape[1],
    tie_word_embeddings: !tensors.some(({ name }) => name === 'output.weight'),
    attention_bias: tensors.some(({ name }) => name === 'blk.0.attn_q.bias'),
    ...present('head_dim', of('attention.key_length')),
    ...present('bos_token_id', numberOf(metadata, 'tokenizer.ggml.bos_token_id')),
    ...present('eos_token_id', numberOf(metadata, 'tokenizer.ggml.eos_token_id')),
  };
  if (scaling !== null && scaling !== 'none')
    config.rope_scaling = {
      rope_type: scaling,
      factor: of('rope.scaling.factor'),
      ...present('original_max_position_embeddings', of('rope.scaling.original_context_length')),
    };
  const frequencies = tensors.find(({ name }) => name === 'rope_freqs.weight');
  return frequencies === undefined ? config : await withFrequencies(source, frequencies, config);
}

function present(name: string, value: number | null): Record<string, number> {
  return value === null ? {} : { [name]: value };
}

/** GGUF keeps the factors of the frequencies alone: the usual configuration is taken that gives the same ones. */
async function withFrequencies(
  source: ByteSource,
  tensor: GgufTensor,
  config: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const stored = numberReader(tensor.type.name)?.(await source.read(tensor.offset, tensor.sizeBytes)) ?? [];
  const factor = Math.max(...stored);
  const rope = {
    rope_type: 'llama3',
    factor,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };
  const made = { ...config, rope_scaling: rope };
  const expected = llama3Frequencies(made) ?? [];
  if (
    expected.length !== stored.length ||
    expected.some((each, at) => Math.abs(each - (stored[at] ?? 0)) > 1e-3)
  )
    throw refusal('its positions are scaled in a way that safetensors configurations do not name');
  return made;
}

function tensorSource(
  source: ByteSource,
  tensor: GgufTensor,
  config: Record<string, unknown>,
  { family, dtype }: Target,
): SafetensorsTensorSource[] {
  if (tensor.name === 'rope_freqs.weight') return [];
  const shape = tensor.shape.toReversed();
  const isVector = shape.length === 1;
  const columns = isVector ? 1 : (tensor.shape[0] ?? 1);
  const rows = tensor.elements / columns;
  const stored = {
    source,
    name: tensor.name,
    type: tensor.type.name,
    offset: tensor.offset,
    sizeBytes: tensor.sizeBytes,
  };
  // A quantised row is read whole.
  const whole = isVector && tensor.type.blockElements > 1 ? { rows: 1, columns: rows } : { rows, columns };
  return [
    {
      name: hubTensorName(tensor.name),
      dtype,
      shape,
      bytes: () => convertedPieces({ ...stored, ...whole }, dtype, rowOrder(tensor.name, config, family)),
    },
  ];
}

function rowOrder(name: string, config: Record<string, unknown>, family: ModelFamily): RowOrder | null {
  const [, which] = /\.attn_([qk])\.(?:weight|bias)$/.exec(name) ?? [];
  if (which === undefined || !family.interleaved) return null;
  return {
    heads: Number(which === 'q' ? config.num_attention_heads : config.num_key_value_heads),
    way: 'part',
  };
}

const hubLayerNames = new Map([...layerNames].map(([hub, gguf]) => [gguf, hub]));
const hubOtherNames = new Map([...otherNames].map(([hub, gguf]) => [gguf, hub]));

function hubTensorName(name: string): string {
  const [, stem = '', ending = ''] = /^(.*)\.(weight|bias)$/.exec(name) ?? [];
  const [, layer = '', inner = ''] = /^blk\.(\d+)\.(.*)$/.exec(stem) ?? [];
  const known = hubOtherNames.get(stem);
  if (known !== undefined) return `${known}.${ending}`;
  const inLayer = hubLayerNames.get(inner);
  if (inLayer === undefined) throw refusal(`the tensor ${name.slice(0, 80)} has no name in safetensors`);
  return `model.layers.${layer}.${inLayer}.${ending}`;
}
