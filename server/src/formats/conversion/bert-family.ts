import type { GgufValue } from '../gguf/gguf-value.ts';
import { float32, list, number, text, truth } from '../gguf/make-value.ts';
import { isRecord, type JsonRecord, numberMember, recordMember, textMember } from '../json-value.ts';
import { refusal } from '../refuse-files.ts';

/** Classes of the hub that are encoders of the BERT family with a WordPiece vocabulary. */
export const bertClasses: ReadonlySet<string> = new Set(['BertModel', 'BertForMaskedLM']);

const layerNames: ReadonlyMap<string, string> = new Map([
  ['attention.self.query', 'attn_q'],
  ['attention.self.key', 'attn_k'],
  ['attention.self.value', 'attn_v'],
  ['attention.output.dense', 'attn_output'],
  ['attention.output.LayerNorm', 'attn_output_norm'],
  ['intermediate.dense', 'ffn_up'],
  ['output.dense', 'ffn_down'],
  ['output.LayerNorm', 'layer_output_norm'],
]);

const otherNames: ReadonlyMap<string, string> = new Map([
  ['embeddings.word_embeddings', 'token_embd'],
  ['embeddings.position_embeddings', 'position_embd'],
  ['embeddings.token_type_embeddings', 'token_types'],
  ['embeddings.LayerNorm', 'token_embd_norm'],
]);

/** The name in GGUF of a tensor; `null` for heads that make no embeddings. Throws `model.refused` for a strange one. */
export function bertTensorName(name: string): string | null {
  const plain = name
    .replace(/^bert\./, '')
    .replace(/\.gamma$/, '.weight')
    .replace(/\.beta$/, '.bias');
  if (/^(pooler|cls)\.|^embeddings\.position_ids$/.test(plain)) return null;
  const [, stem = '', ending = ''] = /^(.*)\.(weight|bias)$/.exec(plain) ?? [];
  const other = otherNames.get(stem);
  if (other !== undefined) return `${other}.${ending}`;
  const [, layer = '', inner = ''] = /^encoder\.layer\.(\d+)\.(.*)$/.exec(stem) ?? [];
  const known = layerNames.get(inner);
  if (known === undefined)
    throw refusal(`the tensor ${name.slice(0, 120)} belongs to nothing that can be converted`);
  return `blk.${Number(layer)}.${known}.${ending}`;
}

/** `llama_pooling_type`. */
const poolings = { mean: 1, cls: 2, last: 3 } as const;

/** Metadata of the architecture. Throws `model.refused` for what cannot be carried over. */
export function bertMetadata(config: JsonRecord, pooling: keyof typeof poolings): [string, GgufValue][] {
  const of = (name: string) => {
    const value = numberMember(config, name);
    if (value === null || value < 1) throw refusal(`config.json does not say ${name}`);
    return number(value);
  };
  const activation = textMember(config, 'hidden_act') ?? 'gelu';
  const positions = textMember(config, 'position_embedding_type') ?? 'absolute';
  if (activation !== 'gelu' || positions !== 'absolute')
    throw refusal(`its activation ${activation} or its positions (${positions}) cannot be carried over`);
  return [
    ['bert.block_count', of('num_hidden_layers')],
    ['bert.context_length', of('max_position_embeddings')],
    ['bert.embedding_length', of('hidden_size')],
    ['bert.feed_forward_length', of('intermediate_size')],
    ['bert.attention.head_count', of('num_attention_heads')],
    ['bert.attention.layer_norm_epsilon', float32(numberMember(config, 'layer_norm_eps') ?? 1e-12)],
    ['bert.attention.causal', truth(false)],
    ['bert.pooling_type', number(poolings[pooling])],
    ['tokenizer.ggml.token_type_count', of('type_vocab_size')],
  ];
}

const space = '\u2581';

/**
 * A WordPiece vocabulary as llama.cpp has it (`bert`): pieces that begin a word have a mark in front, those that go on
 * have none. Throws `model.refused` for another kind.
 */
export function wordPieceMetadata(tokenizer: JsonRecord, rows: number): [string, GgufValue][] {
  const model = recordMember(tokenizer, 'model');
  const vocabulary = recordMember(model, 'vocab');
  const kind = textMember(model, 'type') ?? 'WordPiece';
  if (vocabulary === null || kind !== 'WordPiece')
    throw refusal(`its tokenizer is of the kind ${kind.slice(0, 40)}, which cannot be converted`);
  const specials = new Set<string>();
  const added: unknown = tokenizer.added_tokens;
  for (const each of Array.isArray(added) ? added.filter(isRecord) : [])
    if (each.special === true) specials.add(textMember(each, 'content') ?? '');
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const types = new Array<number>(rows).fill(5);
  for (const [token, id] of Object.entries(vocabulary)) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= rows)
      throw refusal(
        `its tokenizer gives the token ${JSON.stringify(token.slice(0, 40))} a number without weights`,
      );
    const special = specials.has(token);
    tokens[id] = special ? token : token.startsWith('##') ? token.slice(2) : space + token;
    types[id] = special ? 3 : 1;
  }
  const id = (token: string) => {
    const found = vocabulary[token];
    if (typeof found !== 'number') throw refusal(`its tokenizer has no ${token}`);
    return number(found);
  };
  const normalizer = recordMember(tokenizer, 'normalizer');
  const lowers = normalizer?.lowercase !== false;
  return [
    ['tokenizer.ggml.model', text('bert')],
    ['tokenizer.ggml.pre', text('default')],
    ['tokenizer.ggml.tokens', list('string', tokens)],
    ['tokenizer.ggml.token_type', list('int32', types)],
    ['tokenizer.ggml.bos_token_id', id('[CLS]')],
    ['tokenizer.ggml.cls_token_id', id('[CLS]')],
    ['tokenizer.ggml.seperator_token_id', id('[SEP]')],
    ['tokenizer.ggml.padding_token_id', id('[PAD]')],
    ['tokenizer.ggml.unknown_token_id', id('[UNK]')],
    ['tokenizer.ggml.mask_token_id', id('[MASK]')],
    ['tokenizer.ggml.normalizer.lowercase', truth(lowers)],
    // As the tokenizer of the hub does it where nothing is said.
    ['tokenizer.ggml.normalizer.strip_accents', truth((normalizer?.strip_accents ?? lowers) === true)],
  ];
}
