import { type GgufMetadata, numberOf, numbersOf, textOf, textsOf } from '../gguf/gguf-value.ts';
import type { JsonRecord } from '../json-value.ts';
import { refusal } from '../refuse-files.ts';
import { mergesFromScores } from './merges-from-scores.ts';
import { preTokenizerOf } from './pre-tokenizer.ts';

interface Tokens {
  readonly texts: readonly string[];
  /** `llama_token_type`. */
  readonly types: readonly number[];
}

/**
 * `tokenizer.json` and `tokenizer_config.json` for the vocabulary of a GGUF file, whose arrays have been kept. Throws
 * `model.refused` for kinds of tokenizers that cannot be written so.
 */
export function hubTokenizerFiles(metadata: GgufMetadata): Record<string, JsonRecord> {
  const kind = textOf(metadata, 'tokenizer.ggml.model') ?? '';
  const tokens: Tokens = {
    texts: textsOf(metadata, 'tokenizer.ggml.tokens') ?? [],
    types: numbersOf(metadata, 'tokenizer.ggml.token_type') ?? [],
  };
  if (tokens.texts.length === 0) throw refusal('it has no vocabulary');
  const body =
    kind === 'gpt2' ? byteLevel(metadata, tokens) : kind === 'llama' ? pieces(metadata, tokens) : null;
  if (body === null)
    throw refusal(`its tokenizer of the kind ${kind.slice(0, 40)} cannot be written as tokenizer.json`);
  const special = (name: string) => {
    const id = numberOf(metadata, `tokenizer.ggml.${name}_token_id`);
    return id === null ? null : (tokens.texts[id] ?? null);
  };
  const [bos, eos] = [special('bos'), special('eos')];
  const adds = { bos: flag(metadata, 'add_bos_token'), eos: flag(metadata, 'add_eos_token') };
  const template = textOf(metadata, 'tokenizer.chat_template');
  return {
    'tokenizer.json': {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: addedTokens(tokens),
      ...body,
      post_processor: processorOf({ bos: adds.bos ? bos : null, eos: adds.eos ? eos : null }, tokens),
    },
    'tokenizer_config.json': {
      tokenizer_class: 'PreTrainedTokenizerFast',
      ...(bos === null ? {} : { bos_token: bos }),
      ...(eos === null ? {} : { eos_token: eos }),
      ...(special('unknown') === null ? {} : { unk_token: special('unknown') }),
      ...(special('padding') === null ? {} : { pad_token: special('padding') }),
      add_bos_token: adds.bos,
      add_eos_token: adds.eos,
      ...(template === null ? {} : { chat_template: template }),
    },
  };
}

function flag(metadata: GgufMetadata, name: string): boolean {
  const found = metadata.get(`tokenizer.ggml.${name}`);
  return found !== undefined && found.type === 'bool' && found.value === true;
}

function byteLevel(metadata: GgufMetadata, tokens: Tokens): JsonRecord {
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

function pieces(metadata: GgufMetadata, tokens: Tokens): JsonRecord {
  const scores = numbersOf(metadata, 'tokenizer.ggml.scores') ?? [];
  const unknown = tokens.texts[numberOf(metadata, 'tokenizer.ggml.unknown_token_id') ?? 0] ?? '<unk>';
  const prefix = metadata.get('tokenizer.ggml.add_space_prefix');
  const prepends = prefix === undefined || prefix.type === 'array' || prefix.value !== false;
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

const unused = 5;
const added: ReadonlySet<number> = new Set([3, 4]);

/** Tokens of the model itself; fillers that nobody uses are left out, added ones have a list of their own. */
function vocabularyOf({ texts, types }: Tokens): Record<string, number> {
  const vocabulary: Record<string, number> = Object.create(null);
  for (const [id, token] of texts.entries()) {
    const type = types[id] ?? 1;
    if (type !== unused && !(added.has(type) && token in vocabulary)) vocabulary[token] = id;
  }
  return vocabulary;
}

function addedTokens({ texts, types }: Tokens): JsonRecord[] {
  return texts.flatMap((content, id) => {
    const type = types[id] ?? 1;
    if (!added.has(type)) return [];
    const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    return [{ id, content, ...plain, special: type === 3 }];
  });
}

function processorOf(
  around: { readonly bos: string | null; readonly eos: string | null },
  { texts }: Tokens,
): JsonRecord | null {
  const specials = [around.bos, around.eos].filter((each) => each !== null);
  if (specials.length === 0) return null;
  const token = (id: string | null) => (id === null ? [] : [{ SpecialToken: { id, type_id: 0 } }]);
  const whole = (id: 'A' | 'B') => ({ Sequence: { id, type_id: 0 } });
  return {
    type: 'TemplateProcessing',
    single: [...token(around.bos), whole('A'), ...token(around.eos)],
    pair: [...token(around.bos), whole('A'), ...token(around.bos), whole('B'), ...token(around.eos)],
    special_tokens: Object.fromEntries(
      specials.map((id) => [id, { id, ids: [texts.indexOf(id)], tokens: [id] }]),
    ),
  };
}
