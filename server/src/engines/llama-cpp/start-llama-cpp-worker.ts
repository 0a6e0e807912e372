import type { WorkerStart } from '@samovar/contract/worker-protocol';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { ggufModelPath } from '../gguf/model-path.ts';
import { type LoadedEngine, startLanguageWorker } from '../language-worker/start-language-worker.ts';
import { loadLlama } from './load-llama.ts';
import { createSlotScheduler } from './scheduler/slot-scheduler.ts';

/** Largest piece of a prompt in one step, unless the manifest's `engineOptions.prefillChunkTokens` says otherwise. */
const defaultChunkTokens = 64;

/** Starts the model worker for GGUF language models on node-llama-cpp. */
export async function startLlamaCppWorker(start: WorkerStart, log: Log): Promise<Running> {
  return startLanguageWorker(start, log, (onProgress) => load(start, log, onProgress));
}

async function load(
  start: WorkerStart,
  log: Log,
  onProgress: (fraction: number) => void,
): Promise<LoadedEngine> {
  const chunk = start.manifest.engineOptions.prefillChunkTokens;
  const chunkTokens = typeof chunk === 'number' ? chunk : defaultChunkTokens;
  const { engine, vocabulary, chatTemplate, processor, dispose } = await loadLlama({
    modelPath: ggufModelPath(start),
    threads: start.threads,
    slots: start.parallelSequences,
    contextTokens: start.contextTokens,
    batchTokens: chunkTokens + start.parallelSequences,
    log,
    onProgress,
  });
  const generator = createSlotScheduler({
    engine,
    slots: start.parallelSequences,
    contextTokens: start.contextTokens,
    chunkTokens,
    queueLimit: start.queueLimit,
    vocabulary,
    log,
  });
  return {
    generator,
    vocabulary,
    chatTemplate,
    processor,
    residentBytes: () => process.memoryUsage.rss(),
    release: dispose,
  };
}
