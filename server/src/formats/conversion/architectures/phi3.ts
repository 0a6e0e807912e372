import type { Architecture } from './architecture.ts';
import {
  decoder,
  decoderNumbers,
  layerTensors,
  outerTensors,
  plainRope,
  rmsEpsilon,
  usualNorms,
} from './decoder-tables.ts';

/** Query, key and value are one matrix, gate and up another, in GGUF as on the hub. */
export const phi3: Architecture = {
  ...decoder,
  name: 'phi3',
  title: 'Phi-3, Phi-3.5-mini, Phi-4 and Phi-4-mini',
  classes: ['Phi3ForCausalLM'],
  modelType: 'phi3',
  namesKnownCode: true,
  tensors: [
    ...outerTensors,
    ...layerTensors({
      ...usualNorms,
      'self_attn.qkv_proj': 'attn_qkv',
      'self_attn.o_proj': 'attn_output',
      'mlp.gate_up_proj': 'ffn_up',
      'mlp.down_proj': 'ffn_down',
    }),
  ],
  numbers: [
    ...decoderNumbers(),
    rmsEpsilon,
    // Without one, 0 tells the engine so.
    { config: 'sliding_window', key: 'attention.sliding_window', type: 'count', otherwise: 0 },
  ],
  fixed: { ...decoder.fixed, attention_bias: [false, undefined] },
  rope: { ...plainRope, writesDimensions: true, kinds: ['default', 'longrope'] },
};
