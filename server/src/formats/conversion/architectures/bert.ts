import { numberOf, textOf } from '../../gguf/gguf-value.ts';
import { numberMember } from '../../json-value.ts';
import type { Architecture, ConfigNumber } from './architecture.ts';
import { layerTensors, modelTensors } from './decoder-tables.ts';

const numbers: readonly ConfigNumber[] = [
  { config: 'num_hidden_layers', key: 'block_count', type: 'count' },
  { config: 'hidden_size', key: 'embedding_length', type: 'count' },
  { config: 'intermediate_size', key: 'feed_forward_length', type: 'count' },
  { config: 'num_attention_heads', key: 'attention.head_count', type: 'count' },
  { config: 'layer_norm_eps', key: 'attention.layer_norm_epsilon', type: 'float', otherwise: 1e-12 },
];

const context: ConfigNumber = { config: 'max_position_embeddings', key: 'context_length', type: 'count' };

const layers = layerTensors(
  {
    'attention.self.query': 'attn_q',
    'attention.self.key': 'attn_k',
    'attention.self.value': 'attn_v',
    'attention.output.dense': 'attn_output',
    'attention.output.LayerNorm': 'attn_output_norm',
    'intermediate.dense': 'ffn_up',
    'output.dense': 'ffn_down',
    'output.LayerNorm': 'layer_output_norm',
  },
  'encoder.layer',
);

const outer = modelTensors({
  'embeddings.word_embeddings': 'token_embd',
  'embeddings.token_type_embeddings': 'token_types',
  'embeddings.LayerNorm': 'token_embd_norm',
});

export const bert: Architecture = {
  name: 'bert',
  title: 'BERT encoders',
  classes: ['BertModel', 'BertForMaskedLM'],
  modelType: 'bert',
  kind: 'encoder',
  tensors: [...outer, ...modelTensors({ 'embeddings.position_embeddings': 'position_embd' }), ...layers],
  renames: [
    [/^bert\./, ''],
    [/\.gamma$/, '.weight'],
    [/\.beta$/, '.bias'],
  ],
  // Heads that make no embeddings.
  dropped: /^(?:pooler|cls)\.|^embeddings\.position_ids$/,
  numbers: [...numbers, context],
  fixed: { hidden_act: ['gelu', undefined], position_embedding_type: ['absolute', undefined] },
  rope: null,
  sliding: null,
  mayBeTied: true,
};

/** Positions are counted from behind the number of the padding token, so the rows before have no use. */
export const xlmRoberta: Architecture = {
  ...bert,
  title: 'XLM-RoBERTa and RoBERTa encoders',
  classes: ['XLMRobertaModel', 'XLMRobertaForMaskedLM', 'RobertaModel', 'RobertaForMaskedLM'],
  modelType: 'xlm-roberta',
  tensors: [
    ...outer,
    ...modelTensors({ 'embeddings.position_embeddings': ['position_embd', 'behind-padding'] }),
    ...layers,
  ],
  renames: [[/^roberta\./, '']],
  dropped: /^(?:pooler|lm_head)\.|^embeddings\.position_ids$/,
  numbers,
  metadata(config) {
    const positions = numberMember(config, 'max_position_embeddings') ?? 0;
    return [['context_length', { type: 'uint32', value: positions - unusedPositions(config) }]];
  },
  config(metadata) {
    const padding = numberOf(metadata, 'tokenizer.ggml.padding_token_id') ?? 1;
    return {
      pad_token_id: padding,
      max_position_embeddings: (numberOf(metadata, 'bert.context_length') ?? 0) + padding + 1,
    };
  },
  isOf: (metadata) => textOf(metadata, 'tokenizer.ggml.model') !== 'bert',
};

/** Rows of the positions that no token has: one more than the number of the padding token. */
export function unusedPositions(config: Readonly<Record<string, unknown>>): number {
  return (numberMember(config, 'pad_token_id') ?? 1) + 1;
}
