import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';
import { createPartEncoder, type SpecialTokens } from '../embedding-worker/part-encoder.ts';
import type { TextTokenizer } from '../embedding-worker/text-tokenizer.ts';
import { isJsonObject } from '../worker-http/read-json-body.ts';

/** Loads a `tokenizer.json`. Its own padding and truncation are left out: both are decided here. */
export async function loadTokenizer(path: string): Promise<TextTokenizer> {
  const definition: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (typeof definition !== 'object' || definition === null)
    throw new Error(`${path} does not hold a tokenizer`);
  const tokenizer = new Tokenizer({ ...definition, truncation: null, padding: null }, {});
  const special = specialIds(definition);
  const plain = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;
  return {
    encode: createPartEncoder(plain, surroundings(tokenizer)),
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
function surroundings(tokenizer: Tokenizer): SpecialTokens {
  const probe = 'a';
  const bare: number[] = tokenizer.encode(probe, { add_special_tokens: false }).ids;
  const whole: number[] = tokenizer.encode(probe).ids;
  const start = whole.findIndex((_, index) => bare.every((id, offset) => whole[index + offset] === id));
  if (start < 0) throw new Error('the tokenizer changes a text when it adds its special tokens');
  return { before: whole.slice(0, start), after: whole.slice(start + bare.length) };
}
