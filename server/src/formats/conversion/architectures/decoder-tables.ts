import type { Architecture, ConfigNumber, RopeForm, TensorRule, TensorWay } from './architecture.ts';

type Names = Readonly<Record<string, string | readonly [gguf: string, way: TensorWay]>>;

/** Rules of tensors that each layer has: names below `prefix.N.` and below `blk.N.`. */
export function layerTensors(names: Names, prefix = 'model.layers'): TensorRule[] {
  return Object.entries(names).map(([hub, to]) => {
    const [gguf, way] = typeof to === 'string' ? [to, null] : to;
    return { hub: `${prefix}.{layer}.${hub}`, gguf: `blk.{layer}.${gguf}`, way };
  });
}

/** Rules of tensors that a model has once. */
export function modelTensors(names: Names): TensorRule[] {
  return Object.entries(names).map(([hub, to]) => {
    const [gguf, way] = typeof to === 'string' ? [to, null] : to;
    return { hub, gguf, way };
  });
}

export const outerTensors = modelTensors({
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
});

/** Query and key rows in pairs, as the Llama family's rotary positions have them in ggml. */
export const pairedAttention = {
  'self_attn.q_proj': ['attn_q', 'query-heads'],
  'self_attn.k_proj': ['attn_k', 'key-heads'],
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
} as const satisfies Names;

export const plainAttention = {
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
} as const satisfies Names;

export const headNorms = {
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
} as const satisfies Names;

export const gatedFeedForward = {
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
} as const satisfies Names;

export const usualNorms = {
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
} as const satisfies Names;

/** Numbers of a decoder; `usual`: what holds where `config.json` is silent. */
export function decoderNumbers(usual: Readonly<Record<string, number | null>> = {}): ConfigNumber[] {
  const count = (config: string, key: string): ConfigNumber => ({
    config,
    key,
    type: 'count',
    otherwise: usual[config],
  });
  return [
    count('num_hidden_layers', 'block_count'),
    count('max_position_embeddings', 'context_length'),
    count('hidden_size', 'embedding_length'),
    count('intermediate_size', 'feed_forward_length'),
    count('num_attention_heads', 'attention.head_count'),
  ];
}

export const rmsEpsilon: ConfigNumber = {
  config: 'rms_norm_eps',
  key: 'attention.layer_norm_rms_epsilon',
  type: 'float',
  otherwise: 1e-6,
};

/** Names of the hub's plain models (without a head) are those of the whole ones without the word in front. */
const withoutHead = [/^(?=(?:layers|embed_tokens|norm)\.)/, 'model.'] as const;

export const plainRope: RopeForm = {
  usualBase: 10_000,
  writesDimensions: false,
  kinds: ['default', 'linear', 'yarn'],
  localBase: null,
};

/** What most decoders share. */
export const decoder = {
  kind: 'decoder',
  renames: [withoutHead],
  dropped: /\.rotary_emb\.inv_freq$/,
  sliding: null,
  mayBeTied: true,
  fixed: { hidden_act: ['silu', undefined] },
  rope: plainRope,
} as const satisfies Partial<Architecture>;
