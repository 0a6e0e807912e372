import { readFile } from 'node:fs/promises';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { Tokenizer } from '@huggingface/tokenizers';
import type { TokenPiece } from '@samovar/contract/worker-protocol';
import { isJsonObject } from '../worker-http/read-json-body.ts';

/** Turns text into the ids that the model takes. */
export interface TextTokenizer {
  /**
   * Ids with the model's special tokens, at most `maxTokens` of them. Long texts are read in parts, between which
   * other requests get their turn; beyond `countedLength` characters no further than to know that they do not fit.
   */
  encode(text: string, maxTokens: number, countedLength?: number): Promise<EncodedText>;
  /** What each id stands for, as the vocabulary spells it. */
  describe(ids: readonly number[]): TokenPiece[];
}

export interface EncodedText {
  readonly ids: readonly number[];
  /** Tokens before the cut, as far as the text was read. */
  readonly count: number;
  /** Whether the text was read to its end. */
  readonly whole: boolean;
}

/** Texts beyond this many characters are read in parts of it. */
const partLength = 16_384;
/** A refusal tells the exact count up to here: reading 24 MB for it would take a processor from others for a second. */
const usuallyCountedLength = 262_144;

/** Loads a `tokenizer.json`. Its own padding and truncation are left out: both are decided here. */
export async function loadTokenizer(path: string): Promise<TextTokenizer> {
  const definition: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (typeof definition !== 'object' || definition === null)
    throw new Error(`${path} does not hold a tokenizer`);
  const tokenizer = new Tokenizer({ ...definition, truncation: null, padding: null }, {});
  const special = specialIds(definition);
  const specials = surroundings(tokenizer);
  const plain = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;
  return {
    async encode(text, maxTokens, countedLength = usuallyCountedLength) {
      const room = maxTokens - specials.before.length - specials.after.length;
      const kept: number[] = [];
      let count = 0;
      let read = 0;
      for (const part of partsOf(text)) {
        if (read > 0) await yieldToLoop();
        if (count > room && read >= countedLength) break;
        read += part.length;
        const ids = plain(part);
        count += ids.length;
        if (kept.length < room) kept.push(...ids.slice(0, room - kept.length));
      }
      return {
        ids: [...specials.before, ...kept, ...specials.after],
        count: count + specials.before.length + specials.after.length,
        whole: read === text.length,
      };
    },
    describe: (ids) =>
      ids.map((id) => {
        const text = tokenizer.id_to_token(id);
        if (text === undefined) throw new Error(`the tokenizer does not know its token ${id}`);
        return { text, special: special.has(id) };
      }),
  };
}

/** The ids that a `tokenizer.json` calls special. */
function specialIds(definition: object): ReadonlySet<unknown> {
  const added: unknown = Reflect.get(definition, 'added_tokens');
  const tokens: unknown[] = Array.isArray(added) ? added : [];
  return new Set(tokens.filter(isJsonObject).flatMap((token) => (token.special === true ? [token.id] : [])));
}

/** The special tokens that the tokenizer puts around one text. */
function surroundings(tokenizer: Tokenizer): { before: readonly number[]; after: readonly number[] } {
  const probe = 'a';
  const bare: number[] = tokenizer.encode(probe, { add_special_tokens: false }).ids;
  const whole: number[] = tokenizer.encode(probe).ids;
  const start = whole.findIndex((_, index) => bare.every((id, offset) => whole[index + offset] === id));
  if (start < 0) throw new Error('the tokenizer changes a text when it adds its special tokens');
  return { before: whole.slice(0, start), after: whole.slice(start + bare.length) };
}

/** Parts that end before white space, where there is any: tokenizers split there anyway. */
function* partsOf(text: string): Generator<string> {
  let from = 0;
  while (text.length - from > partLength) {
    const window = text.slice(from, from + partLength);
    const space = Math.max(window.lastIndexOf(' '), window.lastIndexOf('\n'));
    const end = from + (space > 0 ? space : partLength);
    // Never between the halves of a surrogate pair.
    const whole = isHighSurrogate(text.charCodeAt(end - 1)) ? end - 1 : end;
    yield text.slice(from, whole);
    from = whole;
  }
  yield text.slice(from);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
