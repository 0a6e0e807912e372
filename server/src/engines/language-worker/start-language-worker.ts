import { createHash } from 'node:crypto';
import type { WorkerHealth, WorkerStart } from '@samovar/contract/worker-protocol';
import { SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { prometheusText } from '../worker-http/prometheus-text.ts';
import { createWorkerServer } from '../worker-http/worker-server.ts';
import type { TextGenerator } from './generation/text-generator.ts';
import { createGrammarCache } from './grammar/grammar-cache.ts';
import type { LanguageModel } from './language-model.ts';
import { cancelRoute } from './routes/cancel.ts';
import { chatCompletionsRoute } from './routes/chat-completions.ts';
import { completionsRoute } from './routes/completions.ts';
import { scoreRoute } from './routes/score.ts';
import { tokenizeRoute } from './routes/tokenize.ts';
import { createRunningRequests } from './running-requests.ts';
import { createControlTextGuards } from './templates/control-text-guard.ts';
import { createPromptRenderer } from './templates/render-prompt.ts';
import type { Vocabulary } from './vocabulary.ts';
import { createWorkerCounters } from './worker-counters.ts';
import { workerGauges } from './worker-gauges.ts';

/** A model in an engine, as the worker needs it. */
export interface LoadedEngine {
  readonly generator: TextGenerator;
  readonly vocabulary: Vocabulary;
  /** The chat template in the model file, if it carries one. */
  readonly chatTemplate: string | null;
  /** `cpu`, `cuda`, `vulkan` or `metal`. */
  readonly processor: string;
  /** Memory of the worker, with the processes that it runs. */
  residentBytes(): number;
  /** Frees the model; the generator has been stopped. */
  release(): Promise<void>;
}

/** Loads the model; progress from 0 to 1. Aborted when the worker is to end meanwhile. */
export type LoadEngine = (
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
) => Promise<LoadedEngine>;

/**
 * Starts a model worker for a language model, whatever its engine. It answers `/health` at once and loads behind it;
 * a load that fails is told there, and requests are refused.
 */
export async function startLanguageWorker(
  start: WorkerStart,
  log: Log,
  loadEngine: LoadEngine,
): Promise<Running> {
  const running = createRunningRequests();
  const counters = createWorkerCounters();
  const stopping = new AbortController();
  let loadProgress = 0;
  let ready: { readonly engine: LoadedEngine; readonly model: LanguageModel } | null = null;
  let failure: string | null = null;

  const loaded = (): LanguageModel => {
    if (ready !== null) return ready.model;
    if (failure !== null)
      throw new SamovarError('engine.load_failed', {
        params: { model: start.modelName, reason: 'its engine could not load it' },
      });
    throw new SamovarError('model.not_ready', {
      params: { model: start.modelName, state: 'loading' },
      retryAfterSeconds: 1,
    });
  };
  const health = (): WorkerHealth => ({
    phase: server.draining ? 'draining' : failure !== null ? 'failed' : ready === null ? 'loading' : 'ready',
    loadProgress,
    slots: start.parallelSequences,
    activeRequests: ready?.engine.generator.activeTasks ?? 0,
    queuedRequests: ready?.engine.generator.queuedTasks ?? 0,
    lastUsedAt: server.lastUsedAt,
    residentBytes: ready?.engine.residentBytes() ?? process.memoryUsage.rss(),
    ...(ready === null ? {} : { processor: ready.engine.processor }),
    ...(failure === null ? {} : { error: failure }),
  });
  const server = await createWorkerServer({
    listen: start.listen,
    workerToken: start.workerToken,
    routes: [
      chatCompletionsRoute(loaded),
      completionsRoute(loaded),
      tokenizeRoute(loaded),
      scoreRoute(loaded),
      cancelRoute(running),
    ],
    health,
    metrics: () => prometheusText([...counters.samples(), ...workerGauges(health())], start.modelName),
    log,
  });

  const begunAt = performance.now();
  const onProgress = (fraction: number) => {
    loadProgress = fraction;
  };
  const loading = loadEngine(onProgress, stopping.signal).then(
    (engine) => {
      ready = { engine, model: languageModel(start, engine, { running, counters }) };
      const ms = Math.round(performance.now() - begunAt);
      log.info({ model: start.modelName, processor: engine.processor, ms }, 'the model is loaded');
    },
    (error: unknown) => {
      failure = error instanceof Error ? error.message : String(error);
      if (!stopping.signal.aborted)
        log.error({ err: error, model: start.modelName }, 'the model could not be loaded');
    },
  );
  return {
    async stop(graceMs) {
      await server.stop(graceMs);
      stopping.abort();
      await loading;
      await ready?.engine.generator.stop();
      await ready?.engine.release();
    },
  };
}

function languageModel(
  start: WorkerStart,
  { generator, vocabulary, chatTemplate }: LoadedEngine,
  own: Pick<LanguageModel, 'running' | 'counters'>,
): LanguageModel {
  return {
    manifest: start.manifest,
    contextTokens: start.contextTokens,
    vocabulary,
    generator,
    renderPrompt:
      chatTemplate === null
        ? null
        : createPromptRenderer({
            template: chatTemplate,
            bosToken: vocabulary.bosText,
            eosToken: vocabulary.eosText,
          }),
    guardControlTexts: createControlTextGuards(vocabulary.controlTexts),
    grammars: createGrammarCache(),
    ...own,
    systemFingerprint: fingerprint(start),
  };
}

function fingerprint({ manifest, threads, parallelSequences, contextTokens }: WorkerStart): string {
  const files = manifest.files.map((file) => file.sha256);
  const parts = [files, manifest.engine, threads, parallelSequences, contextTokens];
  return `fp_${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 10)}`;
}
