import type { LlamaModel } from 'node-llama-cpp';

/** The chat template in a model file, if it carries one. */
export function chatTemplateOf(model: LlamaModel): string | null {
  return model.fileInfo.metadata.tokenizer?.chat_template ?? null;
}
