import type { EmbeddingOptions } from '../embedding-worker/embedding-model.ts';

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
