import { createHash } from 'node:crypto';
import type { WorkerHealth, WorkerStart } from '@samovar/contract/worker-protocol';
import { SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { prometheusText } from '../worker-http/prometheus-text.ts';
import { createWorkerServer } from '../worker-http/worker-server.ts';
import type { LanguageModel } from './language-model.ts';
import { loadLlama } from './load-llama.ts';
import { cancelRoute } from '../language-worker/routes/cancel.ts';
import { chatCompletionsRoute } from '../language-worker/routes/chat-completions.ts';
import { completionsRoute } from '../language-worker/routes/completions.ts';
import { scoreRoute } from '../language-worker/routes/score.ts';
import { tokenizeRoute } from '../language-worker/routes/tokenize.ts';
import { createRunningRequests, type RunningRequests } from '../language-worker/running-requests.ts';
import { createSlotScheduler } from './scheduler/slot-scheduler.ts';
import { createPromptRenderer } from '../language-worker/templates/render-prompt.ts';
import { createWorkerCounters, type WorkerCounters } from '../language-worker/worker-counters.ts';

/** Largest piece of a prompt in one step, unless the manifest's `engineOptions.prefillChunkTokens` says otherwise. */
const defaultChunkTokens = 64;

/**
 * Starts the model worker for GGUF language models. It answers `/health` at once and loads behind it; a load that
 * fails is told there, and requests are refused with the reason.
 */
export async function startLlamaCppWorker(start: WorkerStart, log: Log): Promise<Running> {
  const running = createRunningRequests();
  const counters = createWorkerCounters();
  let loadProgress = 0;
  let model: LanguageModel | null = null;
  let failure: string | null = null;

  const loaded = (): LanguageModel => {
    if (model !== null) return model;
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
    phase: server.draining ? 'draining' : failure !== null ? 'failed' : model === null ? 'loading' : 'ready',
    loadProgress,
    slots: start.parallelSequences,
    activeRequests: model?.scheduler.activeTasks ?? 0,
    queuedRequests: model?.scheduler.queuedTasks ?? 0,
    lastUsedAt: server.lastUsedAt,
    residentBytes: process.memoryUsage.rss(),
    ...(model === null ? {} : { processor: model.processor }),
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
    metrics: () => prometheusText([...counters.samples(), ...gauges(health())], start.modelName),
    log,
  });

  const loading = load(start, log, { running, counters }, (fraction) => {
    loadProgress = fraction;
  }).then(
    (done) => {
      model = done;
    },
    (error: unknown) => {
      failure = error instanceof Error ? error.message : String(error);
      log.error({ err: error, model: start.modelName }, 'the model could not be loaded');
    },
  );
  return {
    async stop(graceMs) {
      await server.stop(graceMs);
      await loading;
      await model?.release();
    },
  };
}

async function load(
  start: WorkerStart,
  log: Log,
  own: { running: RunningRequests; counters: WorkerCounters },
  onProgress: (fraction: number) => void,
): Promise<LanguageModel> {
  const begunAt = performance.now();
  const chunk = start.manifest.engineOptions.prefillChunkTokens;
  const chunkTokens = typeof chunk === 'number' ? chunk : defaultChunkTokens;
  const llama = await loadLlama({
    modelPath: modelPath(start),
    threads: start.threads,
    slots: start.parallelSequences,
    contextTokens: start.contextTokens,
    batchTokens: chunkTokens + start.parallelSequences,
    log,
    onProgress,
  });
  const { engine, vocabulary, chatTemplate } = llama;
  const scheduler = createSlotScheduler({
    engine,
    slots: start.parallelSequences,
    contextTokens: start.contextTokens,
    chunkTokens,
    queueLimit: start.queueLimit,
    isEnd: vocabulary.isEnd,
    log,
  });
  log.info(
    { model: start.modelName, processor: llama.processor, ms: Math.round(performance.now() - begunAt) },
    'the model is loaded',
  );
  return {
    manifest: start.manifest,
    contextTokens: start.contextTokens,
    vocabulary,
    engine,
    processor: llama.processor,
    scheduler,
    renderPrompt:
      chatTemplate === null
        ? null
        : createPromptRenderer({
            template: chatTemplate,
            bosToken: vocabulary.bosText,
            eosToken: vocabulary.eosText,
          }),
    ...own,
    systemFingerprint: fingerprint(start),
    async release() {
      await scheduler.stop();
      await llama.dispose();
    },
  };
}

/** The one GGUF file of the version; of a split one, the first part. */
function modelPath({ files, modelName }: WorkerStart): string {
  const names = Object.keys(files).filter((name) => name.endsWith('.gguf'));
  const path = files[names.sort()[0] ?? ''];
  if (path === undefined) throw new Error(`the version of ${modelName} has no GGUF file`);
  return path;
}

function fingerprint({ manifest, threads, parallelSequences, contextTokens }: WorkerStart): string {
  const parts = [manifest.files.map((file) => file.sha256), threads, parallelSequences, contextTokens];
  return `fp_${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 10)}`;
}

function gauges(health: WorkerHealth) {
  const gauge = (name: string, help: string, value: number) => ({
    name: `samovar_worker_${name}`,
    type: 'gauge' as const,
    help,
    value,
  });
  return [
    gauge('slots', 'Requests that can run at a time.', health.slots),
    gauge('active_requests', 'Requests that run.', health.activeRequests),
    gauge('queued_requests', 'Requests that wait for a slot.', health.queuedRequests),
    gauge('resident_bytes', 'Memory of the worker process.', health.residentBytes),
  ];
}
