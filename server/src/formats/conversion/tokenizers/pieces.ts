import type { GgufValue } from '../../gguf/gguf-value.ts';
import { list, text, truth } from '../../gguf/make-value.ts';
import { type JsonRecord, recordMember, textMember } from '../../json-value.ts';
import { mergesOf } from './merges.ts';
import { addedTokens, createVocabulary, tokenKinds, type Vocabulary } from './vocabulary.ts';

const space = '\u2581';

/** A SentencePiece vocabulary of pairs, single bytes its way out, as llama.cpp has it (`llama`). */
export function piecesVocabulary(tokenizer: JsonRecord, model: JsonRecord, rows: number): Vocabulary {
  const vocabulary = createVocabulary(rows, tokenizer);
  for (const [token, id] of Object.entries(recordMember(model, 'vocab') ?? {}))
    vocabulary.put(token, id, /^<0x[0-9A-F]{2}>$/.test(token) ? tokenKinds.byte : tokenKinds.normal);
  // What a user defined is looked for in the text as it is written.
  for (const { content, id, isControl } of addedTokens(tokenizer))
    if (isControl) vocabulary.put(content, id, tokenKinds.control);
    else vocabulary.put(content.replaceAll(space, ' '), id, tokenKinds.userDefined);
  const unknown = textMember(model, 'unk_token');
  const unknownId = unknown === null ? undefined : vocabulary.ids.get(unknown);
  if (unknownId !== undefined) vocabulary.types[unknownId] = tokenKinds.unknown;
  return vocabulary;
}

/** llama.cpp joins the piece with the highest score first, so the rank of the pair that makes it is its score. */
export function piecesMetadata(
  tokenizer: JsonRecord,
  model: JsonRecord,
  { tokens, types, ids }: Vocabulary,
): [string, GgufValue][] {
  return [
    ['tokenizer.ggml.model', text('llama')],
    ['tokenizer.ggml.pre', text('default')],
    ['tokenizer.ggml.tokens', list('string', tokens)],
    ['tokenizer.ggml.scores', list('float32', scoresOf(model, types, ids))],
    ['tokenizer.ggml.token_type', list('int32', types)],
    ['tokenizer.ggml.add_space_prefix', truth(prependsSpace(tokenizer))],
  ];
}

function scoresOf(model: JsonRecord, types: readonly number[], ids: ReadonlyMap<string, number>): number[] {
  const stated: unknown = model.scores;
  if (Array.isArray(stated)) return types.map((_, id) => Number(stated[id] ?? -10_000));
  const merges = mergesOf(model);
  const least = -(merges.length + 1);
  const scores = types.map((type) =>
    type === tokenKinds.normal ? least : type === tokenKinds.unused ? -10_000 : 0,
  );
  for (const [rank, merge] of merges.entries()) {
    const id = ids.get(merge.replace(' ', ''));
    if (id !== undefined && scores[id] === least) scores[id] = -rank;
  }
  return scores;
}

function prependsSpace(tokenizer: JsonRecord): boolean {
  const scheme = textMember(recordMember(tokenizer, 'pre_tokenizer'), 'prepend_scheme');
  if (scheme !== null) return scheme !== 'never';
  return JSON.stringify(tokenizer.normalizer ?? null).includes('"Prepend"');
}
