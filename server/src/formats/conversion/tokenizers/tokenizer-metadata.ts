import type { GgufValue } from '../../gguf/gguf-value.ts';
import { number, text } from '../../gguf/make-value.ts';
import { type JsonRecord, numberMember, recordMember, textMember } from '../../json-value.ts';
import { refusal } from '../../refuse-files.ts';
import type { Architecture } from '../architectures/architecture.ts';
import { byteLevelMetadata } from './byte-level.ts';
import type { HubTokenizer } from './hub-tokenizer.ts';
import { piecesMetadata, piecesVocabulary } from './pieces.ts';
import { specialMetadata } from './special-tokens.ts';
import { unigramMetadata, unigramVocabulary } from './unigram.ts';
import { listedVocabulary, type Vocabulary } from './vocabulary.ts';
import { wordPieceMetadata } from './word-piece.ts';

interface TokenizerKind {
  vocabulary(tokenizer: JsonRecord, model: JsonRecord, rows: number): Vocabulary;
  metadata(tokenizer: JsonRecord, model: JsonRecord, vocabulary: Vocabulary): [string, GgufValue][];
}

const kinds = {
  pieces: { vocabulary: piecesVocabulary, metadata: piecesMetadata },
  byteLevel: { vocabulary: listedVocabulary, metadata: byteLevelMetadata },
  unigram: { vocabulary: unigramVocabulary, metadata: unigramMetadata },
  wordPiece: {
    vocabulary: listedVocabulary,
    metadata: (tokenizer, _, vocabulary) => wordPieceMetadata(tokenizer, vocabulary),
  },
} as const satisfies Record<string, TokenizerKind>;

/**
 * The metadata of a GGUF file for a tokenizer of the hub. `rows`: rows of the word embeddings; tokens that nobody uses
 * fill what is left. Throws `model.refused` for kinds that llama.cpp has not.
 */
export function tokenizerMetadata(
  files: HubTokenizer,
  architecture: Architecture,
  rows: number,
): [string, GgufValue][] {
  const model = recordMember(files.tokenizer, 'model');
  if (model === null) throw refusal('its tokenizer has no vocabulary');
  const kind = kindOf(model, architecture);
  const vocabulary = kind.vocabulary(files.tokenizer, model, rows);
  const entries = kind.metadata(files.tokenizer, model, vocabulary);
  entries.push(...specialMetadata(files, vocabulary, kind === kinds.wordPiece));
  const types = numberMember(files.model, 'type_vocab_size');
  if (architecture.kind === 'encoder') entries.push(['tokenizer.ggml.token_type_count', number(types ?? 1)]);
  if (files.chatTemplate !== null) entries.push(['tokenizer.chat_template', text(files.chatTemplate)]);
  return entries;
}

function kindOf(model: JsonRecord, { kind }: Architecture): TokenizerKind {
  const type = textMember(model, 'type') ?? (kind === 'encoder' ? 'WordPiece' : 'BPE');
  if (type === 'BPE') return model.byte_fallback === true ? kinds.pieces : kinds.byteLevel;
  if (type === 'Unigram') return kinds.unigram;
  if (type === 'WordPiece') return kinds.wordPiece;
  throw refusal(
    `its tokenizer is of the kind ${type.slice(0, 40)}, which cannot be converted (BPE, Unigram, WordPiece can)`,
  );
}
