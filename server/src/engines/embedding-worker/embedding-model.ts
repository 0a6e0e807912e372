import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { TextTokenizer } from './text-tokenizer.ts';
import type { TokenBatcher } from './token-batcher.ts';
import type { DecodeTokens } from './token-decoder.ts';

export type EmbeddingOptions = NonNullable<ModelManifest['embedding']>;

/** A loaded embedding model, ready to answer. */
export interface EmbeddingModel {
  readonly name: string;
  readonly options: EmbeddingOptions;
  /** Longest input, special tokens included. */
  readonly maxTokens: number;
  readonly tokenizer: TextTokenizer;
  readonly batcher: TokenBatcher;
  readonly decodeTokens: DecodeTokens;
  /** What it computes on: `cpu`, `cuda`, `vulkan`, `metal`. */
  readonly processor: string;
  /** Frees the model; nothing runs any more. */
  release(): Promise<void>;
}
