import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkerStart } from '@samovar/contract/worker-protocol';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { ggufModelPath } from '../gguf/model-path.ts';
import { type LoadedEngine, startLanguageWorker } from '../language-worker/start-language-worker.ts';
import { type CompletionClient, createCompletionClient } from './completion-client.ts';
import { loadVocabulary } from './load-vocabulary.ts';
import { serverArguments } from './server-arguments.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { createServerScheduler } from './server-scheduler.ts';

/** Largest piece of a prompt in one step, unless the manifest's `engineOptions.prefillChunkTokens` says otherwise. */
const defaultChunkTokens = 64;

/**
 * Starts the model worker that runs llama-server as its child and speaks for it. When llama-server ends by itself
 * this process fails too, and the engine host starts both again.
 */
export async function startLlamaServerWorker(start: WorkerStart, log: Log): Promise<Running> {
  return startLanguageWorker(start, log, (onProgress, signal) => load(start, log, onProgress, signal));
}

async function load(
  start: WorkerStart,
  log: Log,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<LoadedEngine> {
  const { engineProgram } = start;
  if (engineProgram === undefined) throw new Error('the worker was not told where llama-server is');
  const chunk = start.manifest.engineOptions.prefillChunkTokens;
  const chunkTokens = typeof chunk === 'number' ? chunk : defaultChunkTokens;
  const modelPath = ggufModelPath(start);
  const folder = await mkdtemp(join(tmpdir(), 'samovar-engine-'));
  const socketPath = join(folder, 'llama-server.sock');
  const server = startServerProcess(
    engineProgram,
    serverArguments({ ...start, modelPath, socketPath, chunkTokens }),
    log,
  );
  const client = createCompletionClient(socketPath);
  const end = async () => {
    await client.close();
    server.kill();
    await server.ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const { vocabulary, chatTemplate, compileGrammar, dispose } = await loadVocabulary(modelPath, log);
    onProgress(0.1);
    await untilHealthy(client, server, signal);
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
    return {
      generator: createServerScheduler({
        client,
        vocabulary,
        compileGrammar,
        contextTokens: start.contextTokens,
        chunkTokens,
        slots: start.parallelSequences,
        queueLimit: start.queueLimit,
        log,
      }),
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
  } catch (error) {
    await end();
    throw error;
  }
}

async function untilHealthy(
  client: CompletionClient,
  server: ServerProcess,
  signal: AbortSignal,
): Promise<void> {
  let ended: string | null = null;
  void server.ended.then((how) => {
    ended = how;
  });
  for (;;) {
    signal.throwIfAborted();
    if (ended !== null) throw new Error(ended);
    // Until it listens the connection is refused.
    if (await client.healthy().catch(() => false)) return;
    await pause(50);
  }
}
