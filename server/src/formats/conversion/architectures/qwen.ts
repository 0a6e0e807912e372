import type { Architecture, ConfigNumber } from './architecture.ts';
import {
  decoder,
  decoderNumbers,
  gatedFeedForward,
  headNorms,
  layerTensors,
  outerTensors,
  plainAttention,
  rmsEpsilon,
  usualNorms,
} from './decoder-tables.ts';

const numbers = [...decoderNumbers(), rmsEpsilon];

/** The engine knows no windows of these. */
const fixed = { ...decoder.fixed, use_sliding_window: [false, undefined] } as const;

export const qwen2: Architecture = {
  ...decoder,
  name: 'qwen2',
  title: 'Qwen2 and Qwen2.5',
  classes: ['Qwen2ForCausalLM', 'Qwen2Model'],
  modelType: 'qwen2',
  tensors: [...outerTensors, ...layerTensors({ ...usualNorms, ...plainAttention, ...gatedFeedForward })],
  numbers,
  fixed,
};

export const qwen3: Architecture = {
  ...qwen2,
  name: 'qwen3',
  title: 'Qwen3',
  classes: ['Qwen3ForCausalLM', 'Qwen3Model'],
  modelType: 'qwen3',
  tensors: [
    ...outerTensors,
    ...layerTensors({ ...usualNorms, ...plainAttention, ...headNorms, ...gatedFeedForward }),
  ],
};

const expertNumbers: ConfigNumber[] = [
  { config: 'num_experts', alias: 'num_local_experts', key: 'expert_count', type: 'count' },
  { config: 'num_experts_per_tok', key: 'expert_used_count', type: 'count' },
  { config: 'moe_intermediate_size', key: 'expert_feed_forward_length', type: 'count' },
];

/** The experts of a mixture, and who chooses among them. */
const experts = {
  'mlp.gate': 'ffn_gate_inp',
  'mlp.experts.{expert}.gate_proj': 'ffn_gate_exps',
  'mlp.experts.{expert}.up_proj': 'ffn_up_exps',
  'mlp.experts.{expert}.down_proj': 'ffn_down_exps',
} as const;

/** Every layer a mixture, its experts' shares as they are. */
export const qwen2Moe: Architecture = {
  ...decoder,
  name: 'qwen2moe',
  title: 'Qwen2 MoE',
  classes: ['Qwen2MoeForCausalLM'],
  modelType: 'qwen2_moe',
  mayBeTied: false,
  tensors: [
    ...outerTensors,
    ...layerTensors({
      ...usualNorms,
      ...plainAttention,
      ...experts,
      'mlp.shared_expert.gate_proj': 'ffn_gate_shexp',
      'mlp.shared_expert.up_proj': 'ffn_up_shexp',
      'mlp.shared_expert.down_proj': 'ffn_down_shexp',
      'mlp.shared_expert_gate': 'ffn_gate_inp_shexp',
    }),
  ],
  numbers: [
    ...numbers,
    ...expertNumbers,
    {
      config: 'shared_expert_intermediate_size',
      key: 'expert_shared_feed_forward_length',
      type: 'count',
    },
  ],
  fixed: { ...fixed, norm_topk_prob: [false, undefined], decoder_sparse_step: [1, undefined] },
  obstacle: withPlainLayers,
};

/** Every layer a mixture, its experts' shares brought to a sum of one. */
export const qwen3Moe: Architecture = {
  ...decoder,
  name: 'qwen3moe',
  title: 'Qwen3 MoE',
  classes: ['Qwen3MoeForCausalLM'],
  modelType: 'qwen3_moe',
  tensors: [...outerTensors, ...layerTensors({ ...usualNorms, ...plainAttention, ...headNorms, ...experts })],
  numbers: [...numbers, ...expertNumbers],
  fixed: { ...fixed, norm_topk_prob: [true], decoder_sparse_step: [1, undefined] },
  obstacle: withPlainLayers,
};

function withPlainLayers(config: Readonly<Record<string, unknown>>): string | null {
  const plain: unknown = config.mlp_only_layers;
  return Array.isArray(plain) && plain.length > 0
    ? 'some of its layers have no experts (mlp_only_layers), which the engine does not know'
    : null;
}
