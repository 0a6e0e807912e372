import type { EmbeddingOptions } from '../embedding-worker/embedding-model.ts';

/** What a spare thread is started with. Then it gets `SpareThreadBatch`es, and `null` as a sign to end. */
export interface SpareThreadStart {
  readonly modelPath: string;
  readonly pooling: EmbeddingOptions['pooling'];
  /** A `BatchState` for each batch, by its place: both sides see at once how far it is. */
  readonly states: Int32Array<SharedArrayBuffer>;
}

export interface SpareThreadBatch {
  readonly place: number;
  readonly inputs: readonly (readonly number[])[];
}

/** It goes from `given` to `begun` to `done`, or from `given` to `takenBack`: whoever changes it first has it. */
export const batchState = { given: 0, begun: 1, done: 2, takenBack: 3 } as const;

export type SpareThreadAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly place: number; readonly vectors: Float32Array[] }
  /** It was taken back; its place is free. */
  | { readonly kind: 'left'; readonly place: number };
