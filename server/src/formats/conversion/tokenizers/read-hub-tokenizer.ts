import type { ModelFolder } from '../../facts/model-folder.ts';
import { isRecord, type JsonRecord } from '../../json-value.ts';
import { refusal } from '../../refuse-files.ts';
import type { HubTokenizer } from './hub-tokenizer.ts';
import { readSentencePiece } from './sentence-piece-model.ts';

/**
 * The tokenizer of a folder: `tokenizer.json`, which the hub's own libraries read first, or else the SentencePiece model
 * `tokenizer.model` with what was added to it. Throws `model.refused` when there is neither.
 */
export async function readHubTokenizer(
  folder: ModelFolder,
  model: JsonRecord,
  chatTemplate: string | null,
): Promise<HubTokenizer> {
  const config = await folder.json('tokenizer_config.json');
  const generation = await folder.json('generation_config.json');
  const whole = await folder.json('tokenizer.json');
  if (whole !== null) return { tokenizer: whole, config, model, generation, chatTemplate };
  const pieces = folder.find('tokenizer.model');
  if (pieces === null) throw refusal('tokenizer.json is missing, and so is tokenizer.model');
  const read = await readSentencePiece(pieces.source);
  const added = await addedTokens(folder, config);
  const tokenizer = { ...read, added_tokens: [...read.added_tokens, ...added] };
  return { tokenizer, config, model, generation, chatTemplate };
}

/** Tokens beyond the SentencePiece model, in the form of `tokenizer.json`. */
async function addedTokens(folder: ModelFolder, config: JsonRecord | null): Promise<JsonRecord[]> {
  const listed = Object.entries((await folder.json('added_tokens.json')) ?? {}).map(([content, id]) => ({
    id,
    content,
    special: false,
  }));
  const described: unknown = config?.added_tokens_decoder;
  const known = Object.entries(isRecord(described) ? described : {}).map(([id, token]) => ({
    ...(isRecord(token) ? token : {}),
    id: Number(id),
  }));
  return [...listed, ...known];
}
