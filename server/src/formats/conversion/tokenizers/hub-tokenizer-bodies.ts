import { type GgufMetadata, numberOf, numbersOf, textOf, textsOf } from '../../gguf/gguf-value.ts';
import type { JsonRecord } from '../../json-value.ts';
import { refusal } from '../../refuse-files.ts';
import { mergesFromScores } from './merges-from-scores.ts';
import { preTokenizerOf } from './pre-tokenizer.ts';
import { tokenKinds } from './vocabulary.ts';

/** The vocabulary of a GGUF file. */
export interface GgufTokens {
  readonly texts: readonly string[];
  /** `llama_token_type`. */
  readonly types: readonly number[];
}

/**
 * Normalizer, pre-tokenizer, decoder and model of a `tokenizer.json`, by `tokenizer.ggml.model`. Each throws
 * `model.refused` for what cannot be written so.
 */
export const hubTokenizerBodies: Readonly<
  Record<string, (metadata: GgufMetadata, tokens: GgufTokens) => JsonRecord>
> = { gpt2: byteLevel, llama: pieces, t5: unigram, bert: wordPiece };

function byteLevel(metadata: GgufMetadata, tokens: GgufTokens): JsonRecord {
  const name = textOf(metadata, 'tokenizer.ggml.pre') ?? 'default';
  const preTokenizer = preTokenizerOf(name);
  if (preTokenizer === null)
    throw refusal(`its tokenizer splits texts in the way ${name}, which cannot be written as tokenizer.json`);
  return {
    normalizer: null,
    pre_tokenizer: preTokenizer,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: vocabularyOf(tokens),
      merges: textsOf(metadata, 'tokenizer.ggml.merges') ?? [],
    },
  };
}

function pieces(metadata: GgufMetadata, tokens: GgufTokens): JsonRecord {
  const scores = numbersOf(metadata, 'tokenizer.ggml.scores') ?? [];
  const unknown = tokens.texts[numberOf(metadata, 'tokenizer.ggml.unknown_token_id') ?? 0] ?? '<unk>';
  const prepends = prependsSpace(metadata);
  const spaces = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  return {
    normalizer: {
      type: 'Sequence',
      normalizers: prepends ? [{ type: 'Prepend', prepend: '▁' }, spaces] : [spaces],
    },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prepends ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: unknown,
      fuse_unk: true,
      byte_fallback: true,
      vocab: vocabularyOf(tokens),
      merges: mergesFromScores(tokens.texts, tokens.types, scores),
    },
  };
}

function prependsSpace(metadata: GgufMetadata): boolean {
  const prefix = metadata.get('tokenizer.ggml.add_space_prefix');
  return prefix === undefined || prefix.type === 'array' || prefix.value !== false;
}

/** Pieces with their likelihoods; a filler that nobody uses stays, since its place is its number. */
function unigram(metadata: GgufMetadata, { texts }: GgufTokens): JsonRecord {
  const scores = numbersOf(metadata, 'tokenizer.ggml.scores') ?? [];
  const map = numbersOf(metadata, 'tokenizer.ggml.precompiled_charsmap') ?? [];
  const prepends = prependsSpace(metadata);
  const metaspace = {
    type: 'Metaspace',
    replacement: space,
    prepend_scheme: prepends ? 'always' : 'never',
    split: true,
  };
  const spaces = { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' };
  const characters = {
    type: 'Precompiled',
    precompiled_charsmap: Buffer.from(map).toString('base64'),
  };
  return {
    normalizer: { type: 'Sequence', normalizers: map.length === 0 ? [spaces] : [characters, spaces] },
    pre_tokenizer: metaspace,
    decoder: metaspace,
    model: {
      type: 'Unigram',
      unk_id: numberOf(metadata, 'tokenizer.ggml.unknown_token_id'),
      vocab: texts.map((text, id) => [text, scores[id] ?? 0]),
      byte_fallback: false,
    },
  };
}

/** Pieces with the mark of a word's beginning lose it, those without get the sign of one that goes on. */
function wordPiece(metadata: GgufMetadata, tokens: GgufTokens): JsonRecord {
  const texts = tokens.texts.map((text, id) => {
    if ((tokens.types[id] ?? tokenKinds.normal) !== tokenKinds.normal) return text;
    return text.startsWith(space) ? text.slice(space.length) : `##${text}`;
  });
  const flag = (name: string): boolean | null => {
    const found = metadata.get(`tokenizer.ggml.normalizer.${name}`);
    return found?.type === 'bool' ? found.value === true : null;
  };
  const unknown = texts[numberOf(metadata, 'tokenizer.ggml.unknown_token_id') ?? -1] ?? '[UNK]';
  return {
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: flag('strip_accents'),
      lowercase: flag('lowercase') ?? true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: unknown,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: vocabularyOf({ texts, types: tokens.types }),
    },
  };
}

const space = '\u2581';
const added: ReadonlySet<number> = new Set([tokenKinds.control, tokenKinds.userDefined]);

/** Tokens of the model itself; fillers that nobody uses are left out, added ones have a list of their own. */
function vocabularyOf({ texts, types }: GgufTokens): Record<string, number> {
  const vocabulary: Record<string, number> = Object.create(null);
  for (const [id, token] of texts.entries()) {
    const type = types[id] ?? tokenKinds.normal;
    if (type !== tokenKinds.unused && !(added.has(type) && token in vocabulary)) vocabulary[token] = id;
  }
  return vocabulary;
}
