import { type GgufMetadata, numberOf } from '../../gguf/gguf-value.ts';
import { type JsonRecord, numberMember } from '../../json-value.ts';
import type { Architecture } from './architecture.ts';
import {
  decoder,
  decoderNumbers,
  gatedFeedForward,
  layerTensors,
  modelTensors,
  plainAttention,
  plainRope,
  rmsEpsilon,
} from './decoder-tables.ts';

const tanhGelu = ['gelu_pytorch_tanh', undefined] as const;

const outer = modelTensors({
  'model.embed_tokens': 'token_embd',
  'model.norm': ['output_norm', 'one-less'],
  lm_head: 'output',
});

const shared = {
  ...decoder,
  fixed: { hidden_activation: tanhGelu, attention_bias: [false, undefined] },
} as const;

/** The engine has no output matrix beside the word embeddings. */
const tied = { tie_word_embeddings: [true, undefined] } as const;

export const gemma: Architecture = {
  ...shared,
  name: 'gemma',
  title: 'Gemma',
  classes: ['GemmaForCausalLM'],
  modelType: 'gemma',
  dropped: /\.rotary_emb\.inv_freq$|^lm_head\./,
  tensors: [
    ...outer,
    ...layerTensors({
      input_layernorm: ['attn_norm', 'one-less'],
      post_attention_layernorm: ['ffn_norm', 'one-less'],
      ...plainAttention,
      ...gatedFeedForward,
    }),
  ],
  numbers: [...decoderNumbers({ max_position_embeddings: 8192 }), rmsEpsilon],
  // The first release of its configurations says `gelu` and means the other.
  fixed: { ...shared.fixed, ...tied, hidden_activation: [...tanhGelu, null, 'gelu'] },
  usualHeadDimensions: 256,
};

const fourNorms = {
  input_layernorm: ['attn_norm', 'one-less'],
  post_attention_layernorm: ['post_attention_norm', 'one-less'],
  pre_feedforward_layernorm: ['ffn_norm', 'one-less'],
  post_feedforward_layernorm: ['post_ffw_norm', 'one-less'],
} as const;

export const gemma2: Architecture = {
  ...gemma,
  name: 'gemma2',
  title: 'Gemma 2',
  classes: ['Gemma2ForCausalLM'],
  modelType: 'gemma2',
  tensors: [...outer, ...layerTensors({ ...fourNorms, ...plainAttention, ...gatedFeedForward })],
  numbers: [
    ...gemma.numbers,
    { config: 'attn_logit_softcapping', key: 'attn_logit_softcapping', type: 'float', otherwise: 50 },
    { config: 'final_logit_softcapping', key: 'final_logit_softcapping', type: 'float', otherwise: 30 },
    { config: 'sliding_window', key: 'attention.sliding_window', type: 'count', otherwise: 4096 },
  ],
  fixed: { ...shared.fixed, ...tied },
  sliding: { every: 2 },
  obstacle: (config) =>
    config.attn_logit_softcapping === null || config.final_logit_softcapping === null
      ? 'it has no soft caps, which the engine always applies'
      : scaleObstacle(config, 46),
  config: (metadata) => ({ query_pre_attn_scalar: engineScale(metadata, 'gemma2', 46) }),
};

const headNorms = {
  'self_attn.q_norm': ['attn_q_norm', 'one-less'],
  'self_attn.k_norm': ['attn_k_norm', 'one-less'],
} as const;

export const gemma3: Architecture = {
  ...shared,
  name: 'gemma3',
  title: 'Gemma 3 (text)',
  classes: ['Gemma3ForCausalLM', 'Gemma3ForConditionalGeneration'],
  modelType: 'gemma3_text',
  renames: [
    ...decoder.renames,
    [/^(?:model\.)?language_model\.lm_head\./, 'lm_head.'],
    [/^(?:model\.)?language_model\.(?:model\.)?/, 'model.'],
  ],
  // Pictures need another file beside the text model's.
  dropped: /\.rotary_emb\.inv_freq$|^(?:model\.)?(?:vision_tower|multi_modal_projector)\./,
  tensors: [
    ...outer,
    ...layerTensors({ ...fourNorms, ...plainAttention, ...headNorms, ...gatedFeedForward }),
  ],
  numbers: [
    ...decoderNumbers({ max_position_embeddings: 131_072, num_attention_heads: 8 }),
    rmsEpsilon,
    { config: 'final_logit_softcapping', key: 'final_logit_softcapping', type: 'float', otherwise: null },
    { config: 'sliding_window', key: 'attention.sliding_window', type: 'count', otherwise: 4096 },
  ],
  fixed: {
    ...shared.fixed,
    attn_logit_softcapping: [null, undefined],
    use_bidirectional_attention: [false, undefined, null],
  },
  sliding: { every: 6 },
  rope: { ...plainRope, usualBase: 1_000_000, localBase: 10_000, kinds: ['default', 'linear'] },
  usualHeadDimensions: 256,
  usualKvHeads: 4,
  obstacle: (config) => scaleObstacle(config, 62),
  config: (metadata) => ({ query_pre_attn_scalar: engineScale(metadata, 'gemma3', 62) }),
};

/** The engine tells the scale of attention from the number of layers: the largest of a family has another rule. */
function scaleObstacle(config: JsonRecord, largestLayers: number): string | null {
  const of = (name: string, usual: number) => numberMember(config, name) ?? usual;
  const stated = of('query_pre_attn_scalar', 256);
  const expected =
    of('num_hidden_layers', 0) === largestLayers
      ? of('hidden_size', 0) / of('num_attention_heads', 8)
      : of('head_dim', 256);
  return Math.abs(stated - expected) < 1e-6
    ? null
    : `its attention is scaled by ${stated} (query_pre_attn_scalar), and the engine takes ${expected}`;
}

function engineScale(metadata: GgufMetadata, architecture: string, largestLayers: number): number {
  const of = (key: string) => numberOf(metadata, `${architecture}.${key}`) ?? 0;
  return of('block_count') === largestLayers
    ? of('embedding_length') / of('attention.head_count')
    : of('attention.key_length');
}
