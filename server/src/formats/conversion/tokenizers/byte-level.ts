import type { GgufValue } from '../../gguf/gguf-value.ts';
import { list, text } from '../../gguf/make-value.ts';
import { type JsonRecord, recordMember } from '../../json-value.ts';
import { refusal } from '../../refuse-files.ts';
import { mergesOf } from './merges.ts';
import { preTokenizerName } from './pre-tokenizer.ts';
import { addedTokens, createVocabulary, tokenKinds, type Vocabulary } from './vocabulary.ts';

/** A vocabulary of pairs of bytes, as llama.cpp has it (`gpt2`). */
export function byteLevelVocabulary(tokenizer: JsonRecord, model: JsonRecord, rows: number): Vocabulary {
  const vocabulary = createVocabulary(rows, tokenizer);
  for (const [token, id] of Object.entries(recordMember(model, 'vocab') ?? {}))
    vocabulary.put(token, id, tokenKinds.normal);
  for (const { content, id, isControl } of addedTokens(tokenizer))
    vocabulary.put(content, id, isControl ? tokenKinds.control : tokenKinds.userDefined);
  return vocabulary;
}

/** Throws `model.refused` for texts split in a way that has no name in llama.cpp. */
export function byteLevelMetadata(
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
