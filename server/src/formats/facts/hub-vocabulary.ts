import { addedTokens } from '../conversion/tokenizers/vocabulary.ts';
import { isRecord, recordMember } from '../json-value.ts';
import { refusal } from '../refuse-files.ts';
import { takeAnother } from './check-blocks.ts';
import type { ModelFolder } from './model-folder.ts';

/**
 * Holds the vocabulary of `tokenizer.json` against the rows of the word embeddings: rows to spare are usual (they are
 * padded to round numbers), tokens without a row are a fault. Tokens that were added later are not counted: published
 * models have some that the weights know nothing of. Throws `model.refused`.
 */
export async function checkHubVocabulary(
  folder: ModelFolder,
  path: string,
  rows: number | null,
): Promise<void> {
  const tokenizer = rows === null ? null : await folder.json(path);
  const vocabulary = recordMember(tokenizer, 'model')?.vocab;
  if (rows === null || tokenizer === null || vocabulary === undefined) return;
  const added = new Set<unknown>(addedTokens(tokenizer).map(({ content }) => content));
  const numbered: readonly (readonly [token: unknown, id: unknown])[] = Array.isArray(vocabulary)
    ? vocabulary.map((piece: unknown, id) => [Array.isArray(piece) ? piece[0] : undefined, id])
    : Object.entries(isRecord(vocabulary) ? vocabulary : {});
  const stray = numbered.find(([token, id]) => !(Number(id) >= 0 && Number(id) < rows) && !added.has(token));
  if (stray === undefined) return;
  throw refusal(
    `${path} has a token with the number ${String(stray[1]).slice(0, 20)}, and the word embeddings have ${rows} rows: ${takeAnother}`,
  );
}
