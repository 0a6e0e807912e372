import type { ModelManifest } from '@samovar/contract/worker-protocol';

export type EmbeddingOptions = NonNullable<ModelManifest['embedding']>;

/**
 * One vector per input from the last hidden states of a batch, `[inputs, length, width]`, padded at the end.
 * `lengths` counts the real tokens of each input: padding never enters the mean.
 */
export function poolStates(
  states: Float32Array,
  lengths: readonly number[],
  length: number,
  pooling: EmbeddingOptions['pooling'],
): Float32Array[] {
  const width = states.length / (lengths.length * length);
  return lengths.map((tokens, input) => {
    const first = input * length * width;
    if (pooling === 'cls') return states.slice(first, first + width);
    const last = first + (tokens - 1) * width;
    if (pooling === 'last') return states.slice(last, last + width);
    return meanOf(states, first, tokens, width);
  });
}

function meanOf(states: Float32Array, first: number, tokens: number, width: number): Float32Array {
  const sum = new Float64Array(width);
  for (let token = 0; token < tokens; token += 1) {
    const row = first + token * width;
    for (let column = 0; column < width; column += 1)
      sum[column] = (sum[column] ?? 0) + (states[row + column] ?? 0);
  }
  return Float32Array.from(sum, (value) => value / tokens);
}

/** Cuts a vector to its first `dimensions` and gives it length 1 where the model's vectors have it. */
export function shapeVector(vector: Float32Array, dimensions: number, normalize: boolean): Float32Array {
  const cut = dimensions < vector.length ? vector.slice(0, dimensions) : vector;
  if (!normalize) return cut;
  let squares = 0;
  for (const value of cut) squares += value * value;
  const norm = Math.sqrt(squares);
  return norm === 0 ? cut : cut.map((value) => value / norm);
}
