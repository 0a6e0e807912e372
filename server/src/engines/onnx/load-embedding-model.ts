import type { WorkerStart } from '@samovar/contract/worker-protocol';
import type { Log } from '../../kernel/ports/log.ts';
import type { EmbeddingModel } from '../embedding-worker/embedding-model.ts';
import { createTokenBatcher } from '../embedding-worker/token-batcher.ts';
import { createTokenDecoder } from '../embedding-worker/token-decoder.ts';
import { loadEmbeddingSession } from './embedding-session.ts';
import { loadTokenizer } from './load-tokenizer.ts';
import { createSpareThread, hasSpareCore } from './spare-thread.ts';

/**
 * Tokens of one batch for each thread. Measured with an int8 MiniLM on one thread, microseconds per token: 67 to 79 for
 * one input of 6 to 40 tokens, 56 to 62 for one of 62 to 250; in batches 61 at 24 tokens, 57 at 64, 51 at 128, 47 at
 * 256. So a larger batch is no faster, and would keep the next request waiting longer.
 */
const budgetPerThread = 256;

/** Loads the encoder and its tokenizer, and runs one input through, so that the first request finds it warm. */
export async function loadEmbeddingModel(start: WorkerStart, log: Log): Promise<EmbeddingModel> {
  const { manifest } = start;
  if (manifest.embedding === undefined) throw new Error('the manifest has no `embedding` section');
  const options = manifest.embedding;
  const modelPath = pathOf(start, '.onnx');
  const [session, tokenizer] = await Promise.all([
    loadEmbeddingSession(modelPath, start.threads, options.pooling),
    loadTokenizer(pathOf(start, 'tokenizer.json')),
  ]);
  const { ids } = await tokenizer.encode('warm', start.contextTokens);
  const [vector] = await session.run([ids]);
  if (vector?.length !== options.dimensions)
    throw new Error(
      `the model gives ${vector?.length} dimensions, and its manifest says ${options.dimensions}`,
    );
  const spareThread = hasSpareCore(start, modelPath)
    ? createSpareThread(modelPath, options.pooling, log)
    : null;
  return {
    name: start.modelName,
    options,
    maxTokens: start.contextTokens,
    tokenizer,
    decodeTokens: createTokenDecoder(options.tokenArrayEncoding),
    batcher: createTokenBatcher({
      run: (inputs) => session.run(inputs),
      holdsLoop: true,
      budgetTokens: manifest.engineOptions.sharedBatches === false ? 1 : budgetPerThread * start.threads,
      queueLimit: start.queueLimit,
      spareThread,
    }),
    processor: 'cpu',
    async release() {
      await spareThread?.stop();
      await session.release();
    },
  };
}

function pathOf(start: WorkerStart, ending: string): string {
  const name = Object.keys(start.files).find((each) => each.endsWith(ending));
  const path = name === undefined ? undefined : start.files[name];
  if (path === undefined) throw new Error(`the model has no file *${ending}`);
  return path;
}
