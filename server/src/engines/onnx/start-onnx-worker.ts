import type { WorkerStart } from '@samovar/contract/worker-protocol';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { startEmbeddingWorker } from '../embedding-worker/start-embedding-worker.ts';
import { loadEmbeddingModel } from './load-embedding-model.ts';

/** A model worker for ONNX encoders. */
export async function startOnnxWorker(start: WorkerStart, log: Log): Promise<Running> {
  return await startEmbeddingWorker(start, log, () => loadEmbeddingModel(start, log));
}
