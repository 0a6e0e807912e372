import assert from 'node:assert/strict';
import { putRandomWeights, smallTokenizer, smallTokenizerConfig } from './small-hub-model.ts';
import { putFiles } from './small-model-files.ts';

type Shapes = Record<string, readonly number[]>;

/** A tiny model of an architecture, as the hub has it. */
export interface TinyModel {
  readonly config: Readonly<Record<string, unknown>>;
  readonly shapes: Shapes;
  /** By default the small byte-level one. */
  readonly tokenizer?: object;
  readonly tokenizerConfig?: object;
}

const rows = 264;
const [width, inner, heads, kvHeads, layers] = [64, 96, 4, 2, 4];
const headWidth = width / heads;

const sizes = {
  vocab_size: rows,
  hidden_size: width,
  intermediate_size: inner,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: kvHeads,
  max_position_embeddings: 256,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  tie_word_embeddings: true,
} as const;

const usualNorms = { input_layernorm: [width], post_attention_layernorm: [width] };
const gemmaNorms = {
  ...usualNorms,
  pre_feedforward_layernorm: [width],
  post_feedforward_layernorm: [width],
};

function attention(head = headWidth): Shapes {
  return {
    'self_attn.q_proj': [heads * head, width],
    'self_attn.k_proj': [kvHeads * head, width],
    'self_attn.v_proj': [kvHeads * head, width],
    'self_attn.o_proj': [width, heads * head],
  };
}

const headNorms = (head: number): Shapes => ({ 'self_attn.q_norm': [head], 'self_attn.k_norm': [head] });
const feedForward = (prefix = 'mlp', wide = inner): Shapes => ({
  [`${prefix}.gate_proj`]: [wide, width],
  [`${prefix}.up_proj`]: [wide, width],
  [`${prefix}.down_proj`]: [width, wide],
});

function experts(count: number, of: (expert: number) => Shapes): Shapes {
  return Object.assign({}, ...Array.from({ length: count }, (_, expert) => of(expert)));
}

/** Weights of all layers, and biases of those that `biased` names. */
function decoder(layer: Shapes, biased: RegExp | null = null, tied = true): Shapes {
  const shapes: Shapes = { 'model.embed_tokens.weight': [rows, width] };
  for (let at = 0; at < layers; at += 1)
    for (const [name, shape] of Object.entries(layer)) {
      shapes[`model.layers.${at}.${name}.weight`] = shape;
      if (biased?.test(name)) shapes[`model.layers.${at}.${name}.bias`] = shape.slice(0, 1);
    }
  shapes['model.norm.weight'] = [width];
  if (biased?.test('model.norm')) shapes['model.norm.bias'] = [width];
  if (!tied) shapes['lm_head.weight'] = [rows, width];
  return shapes;
}

const common = (className: string, type: string) => ({
  architectures: [className],
  model_type: type,
  bos_token_id: 262,
  eos_token_id: 263,
  pad_token_id: null,
  ...sizes,
});

const model = (className: string, type: string, config: object = {}) => ({
  ...common(className, type),
  hidden_act: 'silu',
  ...config,
});

const gemma = (className: string, type: string, config: object = {}) => ({
  ...common(className, type),
  hidden_activation: 'gelu_pytorch_tanh',
  head_dim: 24,
  ...config,
});

const phi: Shapes = {
  ...usualNorms,
  'self_attn.qkv_proj': [(heads + 2 * kvHeads) * headWidth, width],
  'self_attn.o_proj': [width, width],
  'mlp.gate_up_proj': [2 * inner, width],
  'mlp.down_proj': [width, inner],
};

/** Tiny models by the architecture that they are of. */
export const tinyModels: Readonly<Record<string, TinyModel>> = {
  llama: {
    config: model('LlamaForCausalLM', 'llama', {
      rope_scaling: {
        rope_type: 'llama3',
        factor: 8.5,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 64,
      },
    }),
    shapes: decoder({ ...usualNorms, ...attention(), ...feedForward() }),
  },
  mixtral: {
    config: model('MixtralForCausalLM', 'mixtral', {
      num_local_experts: 4,
      num_experts_per_tok: 2,
      sliding_window: null,
      tie_word_embeddings: false,
    }),
    shapes: decoder(
      {
        ...usualNorms,
        ...attention(),
        'block_sparse_moe.gate': [4, width],
        ...experts(4, (expert) => ({
          [`block_sparse_moe.experts.${expert}.w1`]: [inner, width],
          [`block_sparse_moe.experts.${expert}.w2`]: [width, inner],
          [`block_sparse_moe.experts.${expert}.w3`]: [inner, width],
        })),
      },
      null,
      false,
    ),
  },
  smollm3: {
    config: model('SmolLM3ForCausalLM', 'smollm3', { use_sliding_window: false, no_rope_layer_interval: 4 }),
    shapes: decoder({ ...usualNorms, ...attention(), ...feedForward() }),
  },
  granite: {
    config: model('GraniteForCausalLM', 'granite', {
      attention_multiplier: 0.3,
      embedding_multiplier: 2.5,
      residual_multiplier: 0.5,
      logits_scaling: 3.5,
    }),
    shapes: decoder({ ...usualNorms, ...attention(), ...feedForward() }),
  },
  qwen2: {
    config: model('Qwen2ForCausalLM', 'qwen2'),
    shapes: decoder({ ...usualNorms, ...attention(), ...feedForward() }, /[qkv]_proj$/),
  },
  qwen3: {
    config: model('Qwen3ForCausalLM', 'qwen3', { head_dim: 24 }),
    shapes: decoder({ ...usualNorms, ...attention(24), ...headNorms(24), ...feedForward() }),
  },
  qwen2moe: {
    config: model('Qwen2MoeForCausalLM', 'qwen2_moe', {
      num_experts: 4,
      num_experts_per_tok: 2,
      moe_intermediate_size: 32,
      shared_expert_intermediate_size: 48,
      norm_topk_prob: false,
      decoder_sparse_step: 1,
      tie_word_embeddings: false,
    }),
    shapes: decoder(
      {
        ...usualNorms,
        ...attention(),
        'mlp.gate': [4, width],
        ...experts(4, (expert) => feedForward(`mlp.experts.${expert}`, 32)),
        ...feedForward('mlp.shared_expert', 48),
        'mlp.shared_expert_gate': [1, width],
      },
      /[qkv]_proj$/,
      false,
    ),
  },
  qwen3moe: {
    config: model('Qwen3MoeForCausalLM', 'qwen3_moe', {
      head_dim: 24,
      num_experts: 4,
      num_experts_per_tok: 2,
      moe_intermediate_size: 32,
      norm_topk_prob: true,
      decoder_sparse_step: 1,
      mlp_only_layers: [],
    }),
    shapes: decoder({
      ...usualNorms,
      ...attention(24),
      ...headNorms(24),
      'mlp.gate': [4, width],
      ...experts(4, (expert) => feedForward(`mlp.experts.${expert}`, 32)),
    }),
  },
  gemma: {
    config: gemma('GemmaForCausalLM', 'gemma'),
    shapes: decoder({ ...usualNorms, ...attention(24), ...feedForward() }),
  },
  gemma2: {
    config: gemma('Gemma2ForCausalLM', 'gemma2', {
      query_pre_attn_scalar: 24,
      sliding_window: 8,
      attn_logit_softcapping: 2.5,
      final_logit_softcapping: 3.5,
    }),
    shapes: decoder({ ...gemmaNorms, ...attention(24), ...feedForward() }),
  },
  gemma3: {
    config: gemma('Gemma3ForCausalLM', 'gemma3_text', {
      query_pre_attn_scalar: 24,
      sliding_window: 8,
      rope_theta: 1_000_000,
      rope_local_base_freq: 10_000,
      rope_scaling: { rope_type: 'linear', factor: 8.5 },
      layer_types: ['sliding_attention', 'full_attention', 'sliding_attention', 'full_attention'],
    }),
    shapes: decoder({ ...gemmaNorms, ...attention(24), ...headNorms(24), ...feedForward() }),
  },
  phi3: {
    config: model('Phi3ForCausalLM', 'phi3', {
      sliding_window: null,
      original_max_position_embeddings: 256,
      tie_word_embeddings: false,
    }),
    shapes: decoder(phi, null, false),
  },
  'phi3 with a long context': {
    config: model('Phi3ForCausalLM', 'phi3', {
      sliding_window: null,
      original_max_position_embeddings: 16,
      partial_rotary_factor: 0.75,
      rope_scaling: {
        type: 'longrope',
        long_factor: [1.1, 1.5, 2.1, 2.5, 3.1, 3.5],
        short_factor: [1.1, 1.1, 1.1, 1.1, 1.1, 1.2],
      },
    }),
    shapes: decoder(phi),
  },
  olmo2: {
    config: model('Olmo2ForCausalLM', 'olmo2', { tie_word_embeddings: false }),
    shapes: decoder(
      {
        ...attention(),
        'self_attn.q_norm': [width],
        'self_attn.k_norm': [kvHeads * headWidth],
        post_attention_layernorm: [width],
        post_feedforward_layernorm: [width],
        ...feedForward(),
      },
      null,
      false,
    ),
  },
  starcoder2: {
    config: model('Starcoder2ForCausalLM', 'starcoder2', {
      hidden_act: 'gelu_pytorch_tanh',
      norm_epsilon: 1e-5,
      use_bias: true,
      sliding_window: null,
    }),
    shapes: decoder(
      { ...usualNorms, ...attention(), 'mlp.c_fc': [inner, width], 'mlp.c_proj': [width, inner] },
      /./,
    ),
  },
};

/** The tiny model of an architecture. */
export function tinyModel(name: string): TinyModel {
  return tinyModels[name] ?? assert.fail(`there is no tiny ${name}`);
}

/** Writes a tiny model out; its weights are random and the same for the same seed. */
export async function putTinyModel(
  folder: string,
  { config, shapes, ...files }: TinyModel,
  seed = 3,
): Promise<string[]> {
  const paths = await putFiles(folder, {
    'config.json': config,
    'tokenizer.json': files.tokenizer ?? smallTokenizer(),
    'tokenizer_config.json': files.tokenizerConfig ?? smallTokenizerConfig,
  });
  return [...paths, await putRandomWeights(folder, shapes, { seed, vectors: 0.3, matrices: 0.4 })];
}
