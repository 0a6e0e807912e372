import type { WorkerHealth } from '@samovar/contract/worker-protocol';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { RunningWorker } from '../../kernel/ports/worker-runner.ts';
import { backOffMs, stableMs } from './back-off.ts';
import { watchWorker } from './watch-worker.ts';
import { adapterFailure, openFailure, startFailure, type WorkerFailure } from './worker-failure.ts';
import { nextWorkerState, type WorkerEvent, type WorkerState } from './worker-state.ts';
import type { WorkerReport } from './worker-store.ts';
import { createTransitionLog, type TransitionLog } from './worker-transition.ts';

export interface SupervisedWorkerDependencies {
  readonly workerId: string;
  /** What it serves, as people call it. */
  readonly modelName: string;
  /** Puts the files in place and starts the process. */
  start(signal: AbortSignal): Promise<RunningWorker>;
  readonly clock: Clock;
  readonly log: Log;
  /** Something that is written down has changed; at once for a state, with the next pass for the rest. */
  changed(urgent: boolean): void;
}

/** One model worker, kept alive until it is drained. Needs no database: it is restarted while PostgreSQL is away too. */
export interface SupervisedWorker {
  readonly workerId: string;
  report(): WorkerReport;
  /** What happened to it and is not written down yet. */
  readonly transitions: TransitionLog;
  /** The last answer of its health route while it is ready. */
  readonly health: WorkerHealth | null;
  /** Milliseconds since the epoch: last use, or the moment it became ready. */
  readonly lastUsedAt: number;
  /** Milliseconds since the epoch when it became ready last; 0 before. */
  readonly readyAt: number;
  /** How long the last load took, from the start of the process to the first answer; 0 before. */
  readonly loadMs: number;
  /** The most that it had resident. */
  readonly peakBytes: number;
  /** Lets running requests end within the time, then ends it. Resolves when nothing of it is left. */
  drain(graceMs: number, reason: string): Promise<void>;
}

export function createSupervisedWorker(dependencies: SupervisedWorkerDependencies): SupervisedWorker {
  const { clock, log } = dependencies;
  const stopping = new AbortController();
  let state: WorkerState = 'on-disk';
  let running: RunningWorker | null = null;
  let health: WorkerHealth | null = null;
  let lastFailure: WorkerFailure | null = null;
  let retryAt: number | null = null;
  let readyAt = 0;
  let startedAt = 0;
  let loadMs = 0;
  let peakBytes = 0;
  let attempt = 0;
  let failures = 0;
  let drainReason = 'its process has ended';
  const transitions = createTransitionLog();

  const apply = (event: WorkerEvent, reason: string, detail: Readonly<Record<string, unknown>> = {}) => {
    const before = state;
    state = nextWorkerState(state, event);
    if (before === state) return;
    transitions.add({ at: new Date(clock.now()), from: before, to: state, reason, detail });
    log.info(
      { workerId: dependencies.workerId, from: before, to: state, reason },
      'a model worker changed its state',
    );
    dependencies.changed(true);
  };

  const answers = (latest: WorkerHealth) => {
    if (state !== 'ready') {
      readyAt = clock.now();
      loadMs = Math.max(1, readyAt - startedAt);
    }
    const { residentBytes, processor } = latest;
    apply('answer', `loaded in ${(loadMs / 1000).toFixed(1)} s`, { loadMs, residentBytes, processor });
  };

  const seen = (latest: WorkerHealth) => {
    health = latest;
    peakBytes = Math.max(peakBytes, coarse(latest.residentBytes));
    if (latest.phase === 'ready') answers(latest);
    else apply('load', 'it reads its weights');
    if (latest.phase === 'ready' && clock.now() - readyAt > stableMs) {
      failures = 0;
      attempt = 0;
    }
    dependencies.changed(false);
  };

  /** One life of the process; returns why it ended. */
  const live = async (): Promise<WorkerFailure> => {
    try {
      running = await dependencies.start(stopping.signal);
    } catch (error) {
      if (stopping.signal.aborted) return openFailure('it was to end');
      log.error({ workerId: dependencies.workerId, error }, 'a model worker could not be started');
      return startFailure(error);
    }
    startedAt = clock.now();
    if (stopping.signal.aborted) running.kill();
    else apply('start', 'its files are in place, its process was started');
    return await watchWorker(running, {
      clock,
      seen,
      isReady: () => state === 'ready',
      isDraining: () => state === 'draining',
    });
  };

  const keepAlive = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      attempt += 1;
      const failure = await live();
      running = null;
      health = null;
      if (stopping.signal.aborted) break;
      failures += 1;
      lastFailure = failure;
      retryAt = clock.now() + backOffMs(failures);
      log.warn(
        { workerId: dependencies.workerId, reason: failure.reason, attempt, pauseMs: backOffMs(failures) },
        'a model worker failed; it is started again after a pause',
      );
      apply('fail', failure.publicReason, { attempt, error: failure.reason, pauseMs: backOffMs(failures) });
      await pause(backOffMs(failures), stopping.signal);
      retryAt = null;
      if (!stopping.signal.aborted)
        apply('retry', `it is started again, for the ${ordinal(attempt + 1)} time`);
    }
    // Why it went says more, as long as it is gone, than that it has.
    apply('end', drainReason);
  };

  // Nothing in it throws but a state table that was broken; then the worker is left as it is, and said so.
  const over = keepAlive().catch((error: unknown) => {
    log.error({ workerId: dependencies.workerId, error }, 'a model worker is no longer watched');
    running?.kill();
  });

  return {
    workerId: dependencies.workerId,
    transitions,
    get loadMs() {
      return loadMs;
    },
    get peakBytes() {
      return peakBytes;
    },
    get health() {
      return state === 'ready' ? health : null;
    },
    get readyAt() {
      return readyAt;
    },
    get lastUsedAt() {
      return Math.max(readyAt, health?.lastUsedAt ?? 0);
    },
    report: () => ({
      workerId: dependencies.workerId,
      state,
      address: running?.address ?? null,
      slots: health?.slots ?? 0,
      residentBytes: coarse(health?.residentBytes ?? 0),
      loadProgress: health?.loadProgress ?? 0,
      attempt,
      lastFailure,
      failedAdapters: Object.fromEntries(
        Object.entries(health?.failedAdapters ?? {}).map(([versionId, words]) => [
          versionId,
          adapterFailure(dependencies.modelName, words),
        ]),
      ),
      processor: health?.processor ?? null,
      retryAt,
      identity: running?.identity ?? null,
    }),
    async drain(graceMs, reason) {
      const serves = state === 'ready' || state === 'draining';
      if (state !== 'draining') drainReason = reason;
      apply('drain', reason);
      stopping.abort();
      // Nothing runs on a worker that loads, and a load cannot be interrupted from within.
      if (serves) running?.drain(graceMs);
      else running?.kill();
      const late = setTimeout(() => running?.kill(), graceMs + killAfterMs);
      await over;
      clearTimeout(late);
    },
  };
}

function ordinal(count: number): string {
  const suffixes: Readonly<Record<number, string>> = { 1: 'st', 2: 'nd', 3: 'rd' };
  const teen = Math.floor(count / 10) % 10 === 1;
  return `${count}${(teen ? undefined : suffixes[count % 10]) ?? 'th'}`;
}

/** In steps of 4 MiB, so that the row is not written for every page that comes or goes. */
function coarse(bytes: number): number {
  return Math.round(bytes / 2 ** 22) * 2 ** 22;
}

/** What a worker may take to end beyond the time for running requests. */
const killAfterMs = 3_000;

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
  });
}
