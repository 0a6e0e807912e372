import { numberOf } from '../../gguf/gguf-value.ts';
import type { Architecture, ConfigNumber, RopeForm } from './architecture.ts';
import {
  decoder,
  decoderNumbers,
  gatedFeedForward,
  layerTensors,
  outerTensors,
  pairedAttention,
  plainRope,
  rmsEpsilon,
  usualNorms,
} from './decoder-tables.ts';

const llamaRope: RopeForm = {
  ...plainRope,
  writesDimensions: true,
  kinds: ['default', 'linear', 'yarn', 'llama3'],
};

const llamaNumbers = [...decoderNumbers(), rmsEpsilon];

export const llama: Architecture = {
  ...decoder,
  name: 'llama',
  title: 'Llama and Mistral',
  classes: ['LlamaForCausalLM', 'MistralForCausalLM'],
  modelType: 'llama',
  tensors: [...outerTensors, ...layerTensors({ ...usualNorms, ...pairedAttention, ...gatedFeedForward })],
  numbers: llamaNumbers,
  rope: llamaRope,
};

const expertNumbers: ConfigNumber[] = [
  { config: 'num_local_experts', key: 'expert_count', type: 'count' },
  { config: 'num_experts_per_tok', key: 'expert_used_count', type: 'count' },
];

export const mixtral: Architecture = {
  ...llama,
  title: 'Mixtral',
  classes: ['MixtralForCausalLM'],
  modelType: 'mixtral',
  tensors: [
    ...outerTensors,
    ...layerTensors({
      ...usualNorms,
      ...pairedAttention,
      'block_sparse_moe.gate': 'ffn_gate_inp',
      'block_sparse_moe.experts.{expert}.w1': 'ffn_gate_exps',
      'block_sparse_moe.experts.{expert}.w2': 'ffn_down_exps',
      'block_sparse_moe.experts.{expert}.w3': 'ffn_up_exps',
    }),
  ],
  numbers: [...llamaNumbers, ...expertNumbers],
  isOf: (metadata) => (numberOf(metadata, 'llama.expert_count') ?? 0) > 0,
};

/** Every fourth layer has no rotary positions, which the engine takes for granted. */
export const smollm3: Architecture = {
  ...llama,
  name: 'smollm3',
  title: 'SmolLM3',
  classes: ['SmolLM3ForCausalLM'],
  modelType: 'smollm3',
  fixed: { ...llama.fixed, use_sliding_window: [false, undefined], no_rope_layer_interval: [4, undefined] },
  obstacle(config) {
    const stated: unknown = config.no_rope_layers;
    if (!Array.isArray(stated)) return null;
    const isUsual = stated.every((each, layer) => each === ((layer + 1) % 4 === 0 ? 0 : 1));
    return isUsual ? null : 'its layers without rotary positions are others than every fourth';
  },
  config(metadata) {
    const layers = numberOf(metadata, 'smollm3.block_count') ?? 0;
    return { no_rope_layers: Array.from({ length: layers }, (_, layer) => ((layer + 1) % 4 === 0 ? 0 : 1)) };
  },
};

/** The multipliers of Granite; a number that is 1 changes nothing. */
export const granite: Architecture = {
  ...llama,
  name: 'granite',
  title: 'Granite (dense)',
  classes: ['GraniteForCausalLM'],
  modelType: 'granite',
  numbers: [
    ...llamaNumbers,
    { config: 'attention_multiplier', key: 'attention.scale', type: 'float', otherwise: 1 },
    { config: 'embedding_multiplier', key: 'embedding_scale', type: 'float', otherwise: 1 },
    { config: 'residual_multiplier', key: 'residual_scale', type: 'float', otherwise: 1 },
    { config: 'logits_scaling', key: 'logit_scale', type: 'float', otherwise: 1 },
  ],
};
