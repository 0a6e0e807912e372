import type { GgufValue } from '../../gguf/gguf-value.ts';
import { list, text, truth } from '../../gguf/make-value.ts';
import { isRecord, type JsonRecord, numberMember, recordMember, textMember } from '../../json-value.ts';
import { refusal } from '../../refuse-files.ts';
import { createVocabulary, putAdded, tokenKinds, type Vocabulary } from './vocabulary.ts';

type Piece = readonly [token: string, score: number];

function piecesOf(model: JsonRecord): Piece[] {
  const stated: unknown = model.vocab;
  if (!Array.isArray(stated)) throw refusal('its tokenizer has no vocabulary');
  return stated.map((each: unknown): Piece => {
    if (Array.isArray(each)) {
      const [token, score]: unknown[] = each;
      if (typeof token === 'string' && typeof score === 'number') return [token, score];
    }
    throw refusal('its tokenizer has a piece without a score');
  });
}

/** A SentencePiece vocabulary of the likeliest pieces, as llama.cpp has it (`t5`). */
export function unigramVocabulary(tokenizer: JsonRecord, model: JsonRecord, rows: number): Vocabulary {
  const vocabulary = createVocabulary(rows, tokenizer);
  for (const [id, [token]] of piecesOf(model).entries()) vocabulary.put(token, id, tokenKinds.normal);
  putAdded(vocabulary, tokenizer);
  const unknown = numberMember(model, 'unk_id');
  if (unknown !== null && unknown < rows) vocabulary.types[unknown] = tokenKinds.unknown;
  return vocabulary;
}

/** Throws `model.refused` for a normalizer that llama.cpp has not. */
export function unigramMetadata(
  tokenizer: JsonRecord,
  model: JsonRecord,
  { tokens, types }: Vocabulary,
): [string, GgufValue][] {
  const pieces = piecesOf(model);
  const characterMap = characterMapOf(tokenizer);
  const scheme = textMember(metaspaceOf(tokenizer), 'prepend_scheme');
  const entries: [string, GgufValue][] = [
    ['tokenizer.ggml.model', text('t5')],
    ['tokenizer.ggml.pre', text('default')],
    ['tokenizer.ggml.tokens', list('string', tokens)],
    [
      'tokenizer.ggml.scores',
      list(
        'float32',
        tokens.map((_, id) => pieces[id]?.[1] ?? -10_000),
      ),
    ],
    ['tokenizer.ggml.token_type', list('int32', types)],
    [
      'tokenizer.ggml.add_space_prefix',
      truth(scheme === null ? metaspaceOf(tokenizer)?.add_prefix_space !== false : scheme !== 'never'),
    ],
    // The hub's tokenizers of this kind split at white space and join it again, or replace two spaces by one.
    ['tokenizer.ggml.remove_extra_whitespaces', truth(true)],
  ];
  if (characterMap.length > 0)
    entries.push(['tokenizer.ggml.precompiled_charsmap', list('uint8', [...characterMap])]);
  return entries;
}

/** Steps of a normalizer that are carried over: by the character map, or by leaving out white space. */
const harmless = new Set(['Precompiled', 'Replace', 'Strip']);

function characterMapOf(tokenizer: JsonRecord): Buffer {
  const normalizer = recordMember(tokenizer, 'normalizer');
  const within: unknown = normalizer?.normalizers;
  const steps = Array.isArray(within) ? within.filter(isRecord) : normalizer === null ? [] : [normalizer];
  const strange = steps.map((step) => textMember(step, 'type') ?? '').find((type) => !harmless.has(type));
  if (strange !== undefined)
    throw refusal(
      `its tokenizer changes texts in the way ${strange.slice(0, 40)}, which cannot be converted`,
    );
  const map = textMember(steps.find((step) => step.type === 'Precompiled') ?? null, 'precompiled_charsmap');
  return map === null ? Buffer.alloc(0) : Buffer.from(map, 'base64');
}

function metaspaceOf(tokenizer: JsonRecord): JsonRecord | null {
  const step = recordMember(tokenizer, 'pre_tokenizer');
  const within: unknown = step?.pretokenizers;
  if (!Array.isArray(within)) return step;
  return within.filter(isRecord).find((each) => each.type === 'Metaspace') ?? null;
}
