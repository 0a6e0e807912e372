import type { GgufValue } from '../../gguf/gguf-value.ts';
import { list, text } from '../../gguf/make-value.ts';
import type { JsonRecord } from '../../json-value.ts';
import { refusal } from '../../refuse-files.ts';
import { mergesOf } from './merges.ts';
import { preTokenizerName } from './pre-tokenizer.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Pairs of bytes, as llama.cpp has them (`gpt2`). Throws `model.refused` for texts split in a way that has no name there. */
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
