import { isRecord, type JsonRecord, recordMember, textMember } from '../../json-value.ts';
import { refusal } from '../../refuse-files.ts';

/** `llama_token_type`. */
export const tokenKinds = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** As many tokens as the word embeddings have rows, tokens that nobody uses where the vocabulary is shorter. */
export interface Vocabulary {
  readonly tokens: string[];
  readonly types: number[];
  readonly ids: ReadonlyMap<string, number>;
  put(token: string, id: unknown, type: number): void;
}

/** Tokens that were added later and have no row are left out: published models have some that the weights know nothing of. */
export function createVocabulary(rows: number, tokenizer: JsonRecord): Vocabulary {
  const rowless = new Set(
    addedTokens(tokenizer).flatMap(({ id }) => (typeof id === 'number' && id >= rows ? [id] : [])),
  );
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const types = new Array<number>(rows).fill(tokenKinds.unused);
  const ids = new Map<string, number>();
  return {
    tokens,
    types,
    ids,
    put(token, id, type) {
      if (typeof id === 'number' && rowless.has(id)) return;
      if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= rows)
        throw refusal(
          `its tokenizer gives the token ${JSON.stringify(token.slice(0, 40))} a number without weights`,
        );
      tokens[id] = token;
      types[id] = type;
      ids.set(token, id);
    },
  };
}

/** A token beyond the vocabulary itself, or one of it with a role of its own. */
export interface AddedToken {
  readonly content: string;
  readonly id: unknown;
  /** Never made of a text's plain words. */
  readonly isControl: boolean;
}

/** What some configurations do not mark as special and is. Source: `does_token_look_special` of llama.cpp's converter. */
const looksSpecial = /^(?:<\|.*\|>|<｜.*｜>|<unused.*>|<pad>|<mask>|<2mass>|\[@BOS@\])$/s;

export function addedTokens(tokenizer: JsonRecord): AddedToken[] {
  const added: unknown = tokenizer.added_tokens;
  return (Array.isArray(added) ? added.filter(isRecord) : []).map((each) => {
    const content = textMember(each, 'content') ?? '';
    return { content, id: each.id, isControl: each.special === true || looksSpecial.test(content) };
  });
}

/** What was added to a vocabulary, as its texts are. */
export function putAdded(vocabulary: Vocabulary, tokenizer: JsonRecord): void {
  for (const { content, id, isControl } of addedTokens(tokenizer))
    vocabulary.put(content, id, isControl ? tokenKinds.control : tokenKinds.userDefined);
}

/** The tokens of a `tokenizer.json` that lists them by their texts, and those that were added. */
export function listedVocabulary(tokenizer: JsonRecord, model: JsonRecord, rows: number): Vocabulary {
  const vocabulary = createVocabulary(rows, tokenizer);
  for (const [token, id] of Object.entries(recordMember(model, 'vocab') ?? {}))
    vocabulary.put(token, id, tokenKinds.normal);
  putAdded(vocabulary, tokenizer);
  return vocabulary;
}
