import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { numberMember, recordMember } from '../json-value.ts';
import type { ModelFolder } from './model-folder.ts';

/** How a model of the sentence-transformers form makes one vector of a text; `null` when it does not say that it does. */
export async function readPooling(
  folder: ModelFolder,
  at: string,
  hiddenSize: number,
): Promise<NonNullable<ModelManifest['embedding']> | null> {
  const config = await folder.json(`${at}1_Pooling/config.json`);
  if (config === null) return null;
  const pooling =
    config.pooling_mode_cls_token === true ? 'cls' : config.pooling_mode_lasttoken === true ? 'last' : 'mean';
  return {
    dimensions: numberMember(config, 'word_embedding_dimension') ?? hiddenSize,
    pooling,
    normalize: true,
    trainedDimensions: [],
    tokenArrayEncoding: null,
  };
}

/** The longest input that the files of a tokenizer or of sentence-transformers name; `null` when they name none. */
export async function longestInput(folder: ModelFolder, at: string): Promise<number | null> {
  const sentence = numberMember(await folder.json(`${at}sentence_bert_config.json`), 'max_seq_length');
  const tokenizer = await folder.json(`${at}tokenizer.json`);
  const truncation = numberMember(recordMember(tokenizer, 'truncation'), 'max_length');
  const stated = numberMember(await folder.json(`${at}tokenizer_config.json`), 'model_max_length');
  const positions = numberMember(await folder.json(`${at}config.json`), 'max_position_embeddings');
  const lengths = [sentence, truncation, stated, positions].filter(
    (each): each is number => each !== null && Number.isInteger(each) && each > 0 && each < 2 ** 31,
  );
  return lengths.length === 0 ? null : Math.min(...lengths);
}
