import type { GgufValue } from '../gguf/gguf-value.ts';
import { float32, number, text } from '../gguf/make-value.ts';
import { type JsonRecord, numberMember, recordMember, textMember } from '../json-value.ts';
import { refusal } from '../refuse-files.ts';

/** A family of decoders whose tensors differ in names alone. */
export interface ModelFamily {
  /** `general.architecture`. */
  readonly architecture: string;
  /** Classes of the hub that are of it. */
  readonly classes: readonly string[];
  readonly modelType: string;
  /** Whether the rows of query and key weights are interleaved in GGUF (rotary positions in pairs). */
  readonly interleaved: boolean;
}

export const families: readonly ModelFamily[] = [
  {
    architecture: 'llama',
    classes: ['LlamaForCausalLM', 'MistralForCausalLM'],
    modelType: 'llama',
    interleaved: true,
  },
  { architecture: 'qwen2', classes: ['Qwen2ForCausalLM'], modelType: 'qwen2', interleaved: false },
  { architecture: 'qwen3', classes: ['Qwen3ForCausalLM'], modelType: 'qwen3', interleaved: false },
];

/** The family of a class; throws `model.refused` for one that cannot be converted. */
export function familyOf(className: string): ModelFamily {
  const found = families.find(({ classes }) => classes.includes(className));
  if (found !== undefined) return found;
  const known = families.flatMap(({ classes }) => classes).join(', ');
  throw refusal(
    `its class ${className.slice(0, 80) || 'unknown'} cannot be converted here (${known}, BertModel can): take it as GGUF`,
  );
}

/** Names of tensors: of the hub below `model.layers.N.`, of GGUF below `blk.N.`, both without `.weight` or `.bias`. */
export const layerNames: ReadonlyMap<string, string> = new Map([
  ['input_layernorm', 'attn_norm'],
  ['self_attn.q_proj', 'attn_q'],
  ['self_attn.k_proj', 'attn_k'],
  ['self_attn.v_proj', 'attn_v'],
  ['self_attn.o_proj', 'attn_output'],
  ['self_attn.q_norm', 'attn_q_norm'],
  ['self_attn.k_norm', 'attn_k_norm'],
  ['post_attention_layernorm', 'ffn_norm'],
  ['mlp.gate_proj', 'ffn_gate'],
  ['mlp.up_proj', 'ffn_up'],
  ['mlp.down_proj', 'ffn_down'],
]);

export const otherNames: ReadonlyMap<string, string> = new Map([
  ['model.embed_tokens', 'token_embd'],
  ['model.norm', 'output_norm'],
  ['lm_head', 'output'],
]);

/** The name in GGUF of a tensor of the hub; `null` for one that is not carried over. Throws `model.refused` for a strange one. */
export function ggufTensorName(name: string): string | null {
  if (/rotary_emb\.inv_freq$/.test(name)) return null;
  const [, stem = '', ending = ''] = /^(.*)\.(weight|bias)$/.exec(name) ?? [];
  const other = otherNames.get(stem);
  if (other !== undefined) return `${other}.${ending}`;
  const [, layer = '', inner = ''] = /^model\.layers\.(\d+)\.(.*)$/.exec(stem) ?? [];
  const known = layerNames.get(inner);
  if (known === undefined)
    throw refusal(`the tensor ${name.slice(0, 120)} belongs to nothing that can be converted`);
  return `blk.${Number(layer)}.${known}.${ending}`;
}

/** Numbers of a configuration that are needed in several places. */
export interface FamilyNumbers {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDimensions: number;
  readonly ropeBase: number;
}

export function familyNumbers(config: JsonRecord): FamilyNumbers {
  const heads = demand(config, 'num_attention_heads');
  const rope = recordMember(config, 'rope_parameters');
  return {
    heads,
    kvHeads: numberMember(config, 'num_key_value_heads') ?? heads,
    headDimensions: numberMember(config, 'head_dim') ?? demand(config, 'hidden_size') / heads,
    ropeBase: numberMember(config, 'rope_theta') ?? numberMember(rope, 'rope_theta') ?? 10_000,
  };
}

/** Metadata of the architecture from a `config.json`. Throws `model.refused` for what cannot be carried over. */
export function familyMetadata(config: JsonRecord, family: ModelFamily): [string, GgufValue][] {
  const { architecture } = family;
  const numbers = familyNumbers(config);
  const activation = textMember(config, 'hidden_act');
  if (activation !== null && activation !== 'silu')
    throw refusal(`its activation ${activation} cannot be carried over to the architecture ${architecture}`);
  const entries: [string, GgufValue][] = [
    [`${architecture}.block_count`, number(demand(config, 'num_hidden_layers'))],
    [`${architecture}.context_length`, number(demand(config, 'max_position_embeddings'))],
    [`${architecture}.embedding_length`, number(demand(config, 'hidden_size'))],
    [`${architecture}.feed_forward_length`, number(demand(config, 'intermediate_size'))],
    [`${architecture}.attention.head_count`, number(numbers.heads)],
    [`${architecture}.attention.head_count_kv`, number(numbers.kvHeads)],
    [
      `${architecture}.attention.layer_norm_rms_epsilon`,
      float32(numberMember(config, 'rms_norm_eps') ?? 1e-6),
    ],
    [`${architecture}.rope.freq_base`, float32(numbers.ropeBase)],
    ...ropeScaling(config, architecture),
  ];
  if (numberMember(config, 'head_dim') !== null)
    entries.push(
      [`${architecture}.attention.key_length`, number(numbers.headDimensions)],
      [`${architecture}.attention.value_length`, number(numbers.headDimensions)],
    );
  if (family.interleaved)
    entries.push([`${architecture}.rope.dimension_count`, number(numbers.headDimensions)]);
  return entries;
}

function ropeScaling(config: JsonRecord, architecture: string): [string, GgufValue][] {
  const { scaling, kind } = scalingOf(config);
  if (scaling === null || kind === 'llama3') return [];
  const factor = numberMember(scaling, 'factor');
  if (factor === null || (kind !== 'linear' && kind !== 'yarn'))
    throw refusal(`its positions are scaled in the way ${kind}, which cannot be carried over`);
  const entries: [string, GgufValue][] = [
    [`${architecture}.rope.scaling.type`, text(kind)],
    [`${architecture}.rope.scaling.factor`, float32(factor)],
  ];
  const original = numberMember(scaling, 'original_max_position_embeddings');
  if (original !== null)
    entries.push([`${architecture}.rope.scaling.original_context_length`, number(original)]);
  return entries;
}

/** How positions beyond the trained ones are scaled; `null` when they are not. */
function scalingOf(config: JsonRecord): { readonly scaling: JsonRecord | null; readonly kind: string } {
  const scaling = recordMember(config, 'rope_scaling') ?? recordMember(config, 'rope_parameters');
  const kind = textMember(scaling, 'rope_type') ?? textMember(scaling, 'type') ?? 'default';
  return kind === 'default' ? { scaling: null, kind } : { scaling, kind };
}

/**
 * Factors of the rotary frequencies of the Llama 3 way of scaling (`rope_freqs.weight`): long waves are stretched by the
 * whole factor, short ones not at all, those between by degrees. `null` where another way, or none, is used.
 */
export function llama3Frequencies(config: JsonRecord): Float32Array | null {
  const { scaling, kind } = scalingOf(config);
  if (scaling === null || kind !== 'llama3') return null;
  const { headDimensions, ropeBase } = familyNumbers(config);
  const of = (name: string, usual: number) => numberMember(scaling, name) ?? usual;
  const [factor, low, high] = [of('factor', 8), of('low_freq_factor', 1), of('high_freq_factor', 4)];
  const trained = of('original_max_position_embeddings', 8192);
  return Float32Array.from({ length: headDimensions / 2 }, (_, index) => {
    const wave = 2 * Math.PI * ropeBase ** ((2 * index) / headDimensions);
    if (wave < trained / high) return 1;
    if (wave > trained / low) return factor;
    const smooth = (trained / wave - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

function demand(config: JsonRecord, name: string): number {
  const value = numberMember(config, name);
  if (value === null || !Number.isInteger(value) || value < 1 || value > 2 ** 31)
    throw refusal(`config.json does not say ${name}`);
  return value;
}
