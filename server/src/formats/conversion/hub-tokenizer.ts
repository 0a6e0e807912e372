import type { GgufValue } from '../gguf/gguf-value.ts';
import { list, number, text, truth } from '../gguf/make-value.ts';
import { isRecord, type JsonRecord, recordMember, textMember } from '../json-value.ts';
import { refusal } from '../refuse-files.ts';
import { preTokenizerName } from './pre-tokenizer.ts';

/** `llama_token_type`. */
const kinds = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

interface Vocabulary {
  readonly tokens: string[];
  readonly types: number[];
  readonly ids: ReadonlyMap<string, number>;
}

/** Files of a tokenizer, parsed. */
export interface HubTokenizer {
  readonly tokenizer: JsonRecord;
  /** `tokenizer_config.json`. */
  readonly config: JsonRecord | null;
  /** `config.json` of the model. */
  readonly model: JsonRecord;
  readonly generation: JsonRecord | null;
  readonly chatTemplate: string | null;
}

/**
 * The metadata of a GGUF file for a tokenizer of the hub: byte-level pairs (`gpt2`) or pairs with single bytes as a
 * way out (`llama`). `rows`: rows of the word embeddings; tokens that nobody uses fill what is left. Throws
 * `model.refused` for other kinds.
 */
export function tokenizerMetadata(files: HubTokenizer, rows: number): [string, GgufValue][] {
  const model = recordMember(files.tokenizer, 'model');
  if (textMember(model, 'type') !== 'BPE' || model === null)
    throw refusal(
      `its tokenizer is of the kind ${textMember(model, 'type') ?? 'unknown'}, which cannot be converted`,
    );
  const vocabulary = readVocabulary(files.tokenizer, model, rows);
  const entries =
    model.byte_fallback === true
      ? pieceEntries(files.tokenizer, model, vocabulary)
      : byteLevelEntries(files.tokenizer, model, vocabulary);
  entries.push(...specialEntries(files, vocabulary));
  if (files.chatTemplate !== null) entries.push(['tokenizer.chat_template', text(files.chatTemplate)]);
  return entries;
}

function readVocabulary(tokenizer: JsonRecord, model: JsonRecord, rows: number): Vocabulary {
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const types = new Array<number>(rows).fill(kinds.unused);
  const ids = new Map<string, number>();
  const put = (token: string, id: unknown, type: number) => {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= rows)
      throw refusal(
        `its tokenizer gives the token ${JSON.stringify(token.slice(0, 40))} a number without weights`,
      );
    tokens[id] = token;
    types[id] = type;
    ids.set(token, id);
  };
  for (const [token, id] of Object.entries(recordMember(model, 'vocab') ?? {}))
    put(
      token,
      id,
      model.byte_fallback === true && /^<0x[0-9A-F]{2}>$/.test(token) ? kinds.byte : kinds.normal,
    );
  const unknown = textMember(model, 'unk_token');
  const added: unknown = tokenizer.added_tokens;
  for (const each of Array.isArray(added) ? added.filter(isRecord) : []) {
    const content = textMember(each, 'content') ?? '';
    put(content, each.id, each.special === true ? kinds.control : kinds.userDefined);
  }
  const unknownId = unknown === null ? undefined : ids.get(unknown);
  if (unknownId !== undefined && model.byte_fallback === true) types[unknownId] = kinds.unknown;
  return { tokens, types, ids };
}

function byteLevelEntries(
  tokenizer: JsonRecord,
  model: JsonRecord,
  { tokens, types }: Vocabulary,
): [string, GgufValue][] {
  const pre = preTokenizerName(tokenizer);
  if (pre === null) throw refusal('its tokenizer splits texts in a way that cannot be converted');
  return [
    ['tokenizer.ggml.model', text('gpt2')],
    ['tokenizer.ggml.pre', text(pre)],
    ['tokenizer.ggml.tokens', list('string', tokens)],
    ['tokenizer.ggml.token_type', list('int32', types)],
    ['tokenizer.ggml.merges', list('string', mergesOf(model))],
  ];
}

/** Pairs of a SentencePiece model: llama.cpp joins the piece with the highest score first, so the rank is the score. */
function pieceEntries(
  tokenizer: JsonRecord,
  model: JsonRecord,
  { tokens, types, ids }: Vocabulary,
): [string, GgufValue][] {
  const merges = mergesOf(model);
  const scores = types.map((type) =>
    type === kinds.normal ? -(merges.length + 1) : type === kinds.unused ? -10_000 : 0,
  );
  for (const [rank, merge] of merges.entries()) {
    const id = ids.get(merge.replace(' ', ''));
    if (id !== undefined && scores[id] === -(merges.length + 1)) scores[id] = -rank;
  }
  return [
    ['tokenizer.ggml.model', text('llama')],
    ['tokenizer.ggml.pre', text('default')],
    ['tokenizer.ggml.tokens', list('string', tokens)],
    ['tokenizer.ggml.scores', list('float32', scores)],
    ['tokenizer.ggml.token_type', list('int32', types)],
    ['tokenizer.ggml.add_space_prefix', truth(prependsSpace(tokenizer))],
  ];
}

function prependsSpace(tokenizer: JsonRecord): boolean {
  const scheme = textMember(recordMember(tokenizer, 'pre_tokenizer'), 'prepend_scheme');
  if (scheme !== null) return scheme !== 'never';
  return JSON.stringify(tokenizer.normalizer ?? null).includes('"Prepend"');
}

/** Pairs, each as two texts with a space between; a space inside of one is written as byte-level tokenizers do. */
function mergesOf(model: JsonRecord): string[] {
  const merges: unknown = model.merges;
  if (!Array.isArray(merges)) throw refusal('its tokenizer has no merges');
  return merges.map((merge) => {
    if (typeof merge === 'string') return merge;
    if (Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string'))
      return merge.map((part) => part.replaceAll(' ', '\u0120')).join(' ');
    throw refusal('its tokenizer has a merge that is no pair');
  });
}

function specialEntries(files: HubTokenizer, { ids }: Vocabulary): [string, GgufValue][] {
  const entries: [string, GgufValue][] = [];
  const names = { bos: 'bos', eos: 'eos', unk: 'unknown', pad: 'padding' } as const;
  for (const [name, key] of Object.entries(names)) {
    const id = specialId(files, name, ids);
    if (id !== null) entries.push([`tokenizer.ggml.${key}_token_id`, number(id)]);
  }
  for (const name of ['bos', 'eos'] as const) {
    const adds = addsSpecial(files, name, ids);
    entries.push([`tokenizer.ggml.add_${name}_token`, truth(adds)]);
  }
  return entries;
}

function specialId(files: HubTokenizer, name: string, ids: ReadonlyMap<string, number>): number | null {
  const stated = tokenText(files.config?.[`${name}_token`]);
  const found = stated === null ? undefined : ids.get(stated);
  if (found !== undefined) return found;
  for (const source of [files.model, files.generation]) {
    const id: unknown = source?.[`${name}_token_id`];
    const [first]: unknown[] = Array.isArray(id) ? id : [id];
    if (typeof first === 'number') return first;
  }
  return null;
}

function addsSpecial(files: HubTokenizer, name: 'bos' | 'eos', ids: ReadonlyMap<string, number>): boolean {
  const stated = files.config?.[`add_${name}_token`];
  if (typeof stated === 'boolean') return stated;
  const id = specialId(files, name, ids);
  for (const processor of processorsOf(files.tokenizer)) {
    const single: unknown = processor.single;
    if (textMember(processor, 'type') !== 'TemplateProcessing' || !Array.isArray(single) || single.length < 2)
      continue;
    const edge: unknown = name === 'bos' ? single[0] : single.at(-1);
    const special = isRecord(edge) ? textMember(recordMember(edge, 'SpecialToken'), 'id') : null;
    return special !== null && ids.get(special) === id;
  }
  return false;
}

function processorsOf(tokenizer: JsonRecord): JsonRecord[] {
  const processor = recordMember(tokenizer, 'post_processor');
  if (processor === null) return [];
  const processors: unknown = processor.processors;
  return Array.isArray(processors) ? processors.filter(isRecord) : [processor];
}

/** A token as configurations name it: a text, or an object with one. */
function tokenText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return isRecord(value) ? textMember(value, 'content') : null;
}
