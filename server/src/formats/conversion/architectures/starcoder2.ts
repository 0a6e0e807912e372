import type { Architecture } from './architecture.ts';
import {
  decoder,
  decoderNumbers,
  layerTensors,
  outerTensors,
  plainAttention,
  plainRope,
  usualNorms,
} from './decoder-tables.ts';

export const starcoder2: Architecture = {
  ...decoder,
  name: 'starcoder2',
  title: 'StarCoder2',
  classes: ['Starcoder2ForCausalLM'],
  modelType: 'starcoder2',
  tensors: [
    ...outerTensors,
    ...layerTensors({ ...usualNorms, ...plainAttention, 'mlp.c_fc': 'ffn_up', 'mlp.c_proj': 'ffn_down' }),
  ],
  numbers: [
    ...decoderNumbers(),
    { config: 'norm_epsilon', key: 'attention.layer_norm_epsilon', type: 'float', otherwise: 1e-5 },
  ],
  fixed: { hidden_act: ['gelu_pytorch_tanh', undefined], use_bias: [true, undefined] },
  rope: { ...plainRope, kinds: ['default'] },
};
