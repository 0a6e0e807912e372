import type { Architecture } from './architecture.ts';
import {
  decoder,
  decoderNumbers,
  gatedFeedForward,
  headNorms,
  layerTensors,
  outerTensors,
  plainAttention,
  rmsEpsilon,
} from './decoder-tables.ts';

/** Norms stand behind attention and feed-forward, none before; those of queries and keys span all heads. */
export const olmo2: Architecture = {
  ...decoder,
  name: 'olmo2',
  title: 'OLMo 2',
  classes: ['Olmo2ForCausalLM'],
  modelType: 'olmo2',
  mayBeTied: false,
  tensors: [
    ...outerTensors,
    ...layerTensors({
      ...plainAttention,
      ...headNorms,
      post_attention_layernorm: 'post_attention_norm',
      post_feedforward_layernorm: 'post_ffw_norm',
      ...gatedFeedForward,
    }),
  ],
  numbers: [...decoderNumbers(), { ...rmsEpsilon, otherwise: 1e-5 }],
};
