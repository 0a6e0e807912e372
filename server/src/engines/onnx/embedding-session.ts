import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { EmbeddingOptions } from '../embedding-worker/embedding-model.ts';
import { poolStates } from './pool-states.ts';

/** A loaded encoder. */
export interface EmbeddingSession {
  /** One vector per input, neither cut nor normalised. One call at a time. */
  run(inputs: readonly (readonly number[])[]): Promise<Float32Array[]>;
  release(): Promise<void>;
}

/**
 * Loads an encoder that takes `input_ids` (and, where it has them, `attention_mask`, `token_type_ids`,
 * `position_ids`) and gives either hidden states of every token or one vector per input.
 */
export async function loadEmbeddingSession(
  path: string,
  threads: number,
  pooling: EmbeddingOptions['pooling'],
): Promise<EmbeddingSession> {
  const session = await InferenceSession.create(path, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Threads that spin while they wait take their neighbours' cores.
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  });
  const feedOf: Record<string, (token: number, index: number) => number> = {
    input_ids: (token) => token,
    attention_mask: () => 1,
    token_type_ids: () => 0,
    position_ids: (_, index) => index,
  };
  const unknown = session.inputNames.filter((name) => !(name in feedOf));
  if (unknown.length > 0) throw new Error(`the model takes ${unknown.join(', ')}, which is not known here`);
  const [outputName] = session.outputNames;
  if (outputName === undefined) throw new Error('the model has no output');

  return {
    async run(inputs) {
      const lengths = inputs.map((input) => input.length);
      const length = Math.max(...lengths);
      const shape = [inputs.length, length];
      const feeds: Record<string, Tensor> = {};
      for (const name of session.inputNames) {
        const valueFor = feedOf[name];
        if (valueFor === undefined) continue;
        const values = new BigInt64Array(inputs.length * length);
        inputs.forEach((input, row) => {
          input.forEach((token, index) => {
            values[row * length + index] = BigInt(valueFor(token, index));
          });
        });
        feeds[name] = new Tensor('int64', values, shape);
      }
      const output = (await session.run(feeds, [outputName]))[outputName];
      if (output === undefined || !(output.data instanceof Float32Array))
        throw new Error(`the output ${outputName} does not hold 32-bit floats`);
      if (output.dims.length === 3) return poolStates(output.data, lengths, length, pooling);
      // Pooled in the model itself.
      const width = output.data.length / inputs.length;
      const data = output.data;
      return inputs.map((_, row) => data.slice(row * width, (row + 1) * width));
    },
    release: () => session.release(),
  };
}
