import type { EmbeddingOptions } from '../embedding-worker/embedding-model.ts';

/** What a spare thread is started with. Then it gets batches as arrays of ids, and `null` as a sign to end. */
export interface SpareThreadStart {
  readonly modelPath: string;
  readonly pooling: EmbeddingOptions['pooling'];
}

export type SpareThreadAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly vectors: Float32Array[] };
