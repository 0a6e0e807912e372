import type { SourceFile } from '../../../kernel/ports/model-source.ts';

/** Configuration, tokenizer and template of a model that does not carry them in its weights. */
const companions =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|preprocessor_config|processor_config|video_preprocessor_config|adapter_config|modules|sentence_bert_config|config_sentence_transformers|quantize_config|quant_config|chat_template|tekken|model\.safetensors\.index)\.json$|^(chat_template|.*\.jinja)$|^(merges|vocab)\.txt$|^(tokenizer|spiece|sentencepiece\.bpe)\.model$|^(source|target)\.spm$|\.tiktoken$/i;
/** Further layers of sentence encoders lie in folders of their own: `1_Pooling`, `2_Dense`. */
const encoderLayers = /^\d+_[A-Za-z]+\/(config\.json|model\.safetensors)$/;

/** The companions of weights that lie in `folder` (empty for the top one; else with a `/` in the end). */
export function companionFiles(all: readonly SourceFile[], folder: string): SourceFile[] {
  return all.filter(({ path }) => {
    if (!path.startsWith(folder)) return false;
    const name = path.slice(folder.length);
    return name.includes('/') ? encoderLayers.test(name) : companions.test(name);
  });
}

/** The folder of a path, with its `/`; empty for the top one. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}
