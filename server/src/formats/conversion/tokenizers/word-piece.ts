import type { GgufValue } from '../../gguf/gguf-value.ts';
import { list, text, truth } from '../../gguf/make-value.ts';
import { type JsonRecord, recordMember } from '../../json-value.ts';
import { tokenKinds, type Vocabulary } from './vocabulary.ts';

const space = '\u2581';

/**
 * A WordPiece vocabulary as llama.cpp has it (`bert`): pieces that begin a word have a mark in front, those that go on
 * have none.
 */
export function wordPieceMetadata(
  tokenizer: JsonRecord,
  { tokens, types }: Vocabulary,
): [string, GgufValue][] {
  const marked = tokens.map((token, id) =>
    types[id] !== tokenKinds.normal ? token : token.startsWith('##') ? token.slice(2) : space + token,
  );
  const normalizer = recordMember(tokenizer, 'normalizer');
  const lowers = normalizer?.lowercase !== false;
  return [
    ['tokenizer.ggml.model', text('bert')],
    ['tokenizer.ggml.pre', text('default')],
    ['tokenizer.ggml.tokens', list('string', marked)],
    ['tokenizer.ggml.token_type', list('int32', types)],
    ['tokenizer.ggml.normalizer.lowercase', truth(lowers)],
    // As the tokenizer of the hub does it where nothing is said.
    ['tokenizer.ggml.normalizer.strip_accents', truth((normalizer?.strip_accents ?? lowers) === true)],
  ];
}
