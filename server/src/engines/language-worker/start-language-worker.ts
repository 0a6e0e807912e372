import type { WorkerHealth, WorkerStart } from '@samovar/contract/worker-protocol';
import { SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { prometheusText } from '../worker-http/prometheus-text.ts';
import { createWorkerServer } from '../worker-http/worker-server.ts';
import { type AnsweringModels, type ChooseModel, createAnsweringModels } from './answering-models.ts';
import type { TextGenerator } from './generation/text-generator.ts';
import type { LoadEngine, LoadedEngine } from './loaded-engine.ts';
import { cancelRoute } from './routes/cancel.ts';
import { chatCompletionsRoute } from './routes/chat-completions.ts';
import { completionsRoute } from './routes/completions.ts';
import { progressRoute } from './routes/progress.ts';
import { scoreRoute } from './routes/score.ts';
import { tokenizeRoute } from './routes/tokenize.ts';
import { createRunningRequests } from './running-requests.ts';
import { createWorkerCounters } from './worker-counters.ts';
import { workerGauges } from './worker-gauges.ts';

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
  let ready: { readonly engine: LoadedEngine; readonly models: AnsweringModels } | null = null;
  let failure: string | null = null;

  const loaded: ChooseModel = (body) => {
    if (ready !== null) return ready.models.choose(body);
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
    activeRequests: sumOf(generatorsOf(ready?.engine), ({ activeTasks }) => activeTasks),
    queuedRequests: sumOf(generatorsOf(ready?.engine), ({ queuedTasks }) => queuedTasks),
    lastUsedAt: server.lastUsedAt,
    residentBytes: ready?.engine.residentBytes() ?? process.memoryUsage.rss(),
    ...(ready === null ? {} : { processor: ready.engine.processor }),
    ...(failure === null ? {} : { error: failure }),
    ...(ready?.engine.failedAdapters?.size
      ? { failedAdapters: Object.fromEntries(ready.engine.failedAdapters) }
      : {}),
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
      progressRoute(running),
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
      ready = { engine, models: createAnsweringModels(start, engine, { running, counters }) };
      const ms = Math.round(performance.now() - begunAt);
      log.info({ processor: engine.processor, ms }, 'the model is loaded');
    },
    (error: unknown) => {
      failure = error instanceof Error ? error.message : String(error);
      if (!stopping.signal.aborted) log.error({ err: error }, 'the model could not be loaded');
    },
  );
  async function release(): Promise<void> {
    stopping.abort();
    await loading;
    await Promise.all(generatorsOf(ready?.engine).map((generator) => generator.stop()));
    await ready?.engine.release();
  }

  let released: Promise<void> | null = null;
  return {
    async stop(graceMs) {
      await server.stop(graceMs);
      released ??= release();
      await released;
    },
  };
}

function generatorsOf(engine: LoadedEngine | undefined): readonly TextGenerator[] {
  return engine === undefined ? [] : [engine.generator, ...(engine.adapters?.values() ?? [])];
}

function sumOf(generators: readonly TextGenerator[], of: (generator: TextGenerator) => number): number {
  return generators.reduce((sum, generator) => sum + of(generator), 0);
}
