import type { WorkerHealth } from '@samovar/contract/worker-protocol';
import { Client } from 'undici';
import { startOnnxWorker } from '../src/engines/onnx/start-onnx-worker.ts';
import type { Running } from '../src/kernel/ports/running.ts';
import { pause } from './llama-worker.ts';
import { testModel } from './models.ts';
import { silentLog } from './silent-log.ts';

/** A real onnx worker on this Unix socket in this process, with all-MiniLM on one thread, ready. */
export async function startEmbeddingWorker(listen: string): Promise<Running> {
  const { manifest, files } = await testModel('all-minilm-l6-v2');
  const worker = await startOnnxWorker(
    {
      workerId: 'test-embedding',
      modelName: manifest.name,
      listen,
      workerToken: null,
      files,
      manifest,
      threads: 1,
      parallelSequences: 1,
      contextTokens: manifest.contextTokens,
      queueLimit: 4096,
      logLevel: 'error',
    },
    silentLog,
  );
  const client = new Client('http://worker', { socketPath: listen });
  for (let phase = 'loading'; phase !== 'ready'; await pause(20)) {
    const { body } = await client.request({ method: 'GET', path: '/health' });
    phase = ((await body.json()) as WorkerHealth).phase;
    if (phase === 'failed') throw new Error('the embedding model could not be loaded');
  }
  await client.close();
  return worker;
}
