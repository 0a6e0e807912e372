import type { WorkerStart } from '@samovar/contract/worker-protocol';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { startEmbeddingWorker } from '../embedding-worker/start-embedding-worker.ts';
import { ggufModelPath } from '../gguf/model-path.ts';
import type { TextGenerator } from '../language-worker/generation/text-generator.ts';
import type { LoadedEngine } from '../language-worker/loaded-engine.ts';
import { startLanguageWorker } from '../language-worker/start-language-worker.ts';
import { withAdapter } from './completion-client.ts';
import { loadVocabulary } from './load-vocabulary.ts';
import { openWithAdapters } from './open-with-adapters.ts';
import { createServerScheduler } from './server-scheduler.ts';

/** Largest piece of a prompt in one step, unless the manifest's `engineOptions.prefillChunkTokens` says otherwise. */
const defaultChunkTokens = 64;

/**
 * Starts the model worker that runs llama-server as its child and speaks for it. When llama-server ends by itself
 * this process fails too, and the engine host starts both again.
 */
export async function startLlamaServerWorker(start: WorkerStart, log: Log): Promise<Running> {
  if (start.manifest.task === 'embedding')
    return startEmbeddingWorker(start, log, () =>
      Promise.reject(new Error('llama-server runs language models here; embedding models run on llama-cpp')),
    );
  return startLanguageWorker(start, log, (onProgress, signal) => load(start, log, onProgress, signal));
}

async function load(
  start: WorkerStart,
  log: Log,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<LoadedEngine> {
  const chunk = start.manifest.engineOptions.prefillChunkTokens;
  const chunkTokens = typeof chunk === 'number' ? chunk : defaultChunkTokens;
  const modelPath = ggufModelPath(start);
  const [opening, reading] = await Promise.allSettled([
    openWithAdapters(start, { modelPath, chunkTokens, log, signal }),
    loadVocabulary(modelPath, log).finally(() => onProgress(0.1)),
  ]);
  if (opening.status === 'rejected' || reading.status === 'rejected') {
    if (opening.status === 'fulfilled') await opening.value.end();
    if (reading.status === 'fulfilled') await reading.value.dispose();
    throw [opening, reading].find((each) => each.status === 'rejected')?.reason;
  }
  const { server, client, end, adapters, failedAdapters } = opening.value;
  const { vocabulary, chatTemplate, compileGrammar, dispose } = reading.value;
  onProgress(1);
  let releasing = false;
  void server.ended.then((how) => {
    if (releasing) return;
    log.error({}, how);
    // Requests are told first; then this worker ends as one whose engine is inside of it would.
    setTimeout(() => {
      throw new Error(how);
    }, 100);
  });
  const { contextTokens, queueLimit } = start;
  const common = { vocabulary, compileGrammar, contextTokens, chunkTokens, queueLimit, log };
  const generator = createServerScheduler({
    ...common,
    client: adapters.length === 0 ? client : withAdapter(client, null),
    firstSlot: 0,
    slots: start.parallelSequences,
  });
  const generators = new Map<string, TextGenerator>();
  let firstSlot = start.parallelSequences;
  for (const [id, { versionId, parallelSequences: slots }] of adapters.entries()) {
    const own = withAdapter(client, id);
    generators.set(versionId, createServerScheduler({ ...common, client: own, firstSlot, slots }));
    firstSlot += slots;
  }
  return {
    generator,
    adapters: generators,
    failedAdapters,
    vocabulary,
    chatTemplate,
    processor: 'cpu',
    residentBytes: () => process.memoryUsage.rss() + server.residentBytes(),
    async release() {
      releasing = true;
      await end();
      await dispose();
    },
  };
}
