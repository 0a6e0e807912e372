import type { WorkerStart } from '@samovar/contract/worker-protocol';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { startEmbeddingWorker } from '../embedding-worker/start-embedding-worker.ts';
import { ggufModelPath } from '../gguf/model-path.ts';
import type { TextGenerator } from '../language-worker/generation/text-generator.ts';
import type { LoadedEngine } from '../language-worker/loaded-engine.ts';
import { startLanguageWorker } from '../language-worker/start-language-worker.ts';
import { loadLlamaEmbeddings } from './embeddings/load-llama-embeddings.ts';
import type { LlamaEngine } from './llama-native.ts';
import { loadLlama } from './load-llama.ts';
import { createSlotScheduler } from './scheduler/slot-scheduler.ts';

/** Largest piece of a prompt in one step, unless the manifest's `engineOptions.prefillChunkTokens` says otherwise. */
const defaultChunkTokens = 64;

/** Starts the model worker for GGUF models on node-llama-cpp: language models, and those that make embeddings. */
export async function startLlamaCppWorker(start: WorkerStart, log: Log): Promise<Running> {
  if (start.manifest.task === 'embedding')
    return startEmbeddingWorker(start, log, () => loadLlamaEmbeddings(start, log));
  return startLanguageWorker(start, log, (onProgress) => load(start, log, onProgress));
}

async function load(
  start: WorkerStart,
  log: Log,
  onProgress: (fraction: number) => void,
): Promise<LoadedEngine> {
  const chunk = start.manifest.engineOptions.prefillChunkTokens;
  const chunkTokens = typeof chunk === 'number' ? chunk : defaultChunkTokens;
  const { engine, adapters, failedAdapters, vocabulary, chatTemplate, processor, dispose } = await loadLlama({
    modelPath: ggufModelPath(start),
    threads: start.threads,
    slots: start.parallelSequences,
    contextTokens: start.contextTokens,
    chunkTokens,
    kvCache: start.kvCache ?? 'f16',
    adapters: start.adapters ?? [],
    log,
    onProgress,
  });
  const { contextTokens, queueLimit } = start;
  const generatorOf = (on: LlamaEngine, slots: number): TextGenerator =>
    createSlotScheduler({ engine: on, slots, contextTokens, chunkTokens, queueLimit, vocabulary, log });
  return {
    generator: generatorOf(engine, start.parallelSequences),
    adapters: new Map(
      (start.adapters ?? []).flatMap(({ versionId, parallelSequences }) => {
        const own = adapters.get(versionId);
        return own === undefined ? [] : [[versionId, generatorOf(own, parallelSequences)]];
      }),
    ),
    failedAdapters,
    vocabulary,
    chatTemplate,
    processor,
    residentBytes: () => process.memoryUsage.rss(),
    release: dispose,
  };
}
