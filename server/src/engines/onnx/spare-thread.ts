import { once } from 'node:events';
import { statSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { WorkerStart } from '@samovar/contract/worker-protocol';
import type { Log } from '../../kernel/ports/log.ts';
import type { EmbeddingOptions } from '../embedding-worker/embedding-model.ts';
import type { SpareThread } from '../embedding-worker/spare-thread.ts';
import {
  batchState,
  type SpareThreadAnswer,
  type SpareThreadBatch,
  type SpareThreadStart,
} from './spare-thread-messages.ts';

/** Its session has the weights a second time: larger models are left alone. */
const largestModelBytes = 64 * 1024 * 1024;
/** Batches that it may have at once, with those that were taken back and it has not come to yet. */
const places = 16;

/**
 * Whether this machine has a core beyond those that the host granted, which a thread of lowest priority may fill
 * without taking anything from others. Only Linux knows priorities of threads; and where a container has fewer
 * processors than the machine, what one process takes counts against all.
 */
export function hasSpareCore({ threads, manifest }: WorkerStart, modelPath: string): boolean {
  return (
    process.platform === 'linux' &&
    manifest.engineOptions.spareThread !== false &&
    availableParallelism() === cpus().length &&
    availableParallelism() > threads &&
    statSync(modelPath).size <= largestModelBytes
  );
}

export function createSpareThread(
  modelPath: string,
  pooling: EmbeddingOptions['pooling'],
  log: Log,
): SpareThread {
  let state: 'none' | 'starting' | 'ready' | 'gone' = 'none';
  let thread: Worker | null = null;
  const states = new Int32Array(new SharedArrayBuffer(places * Int32Array.BYTES_PER_ELEMENT));
  const waiting = new Map<number, PromiseWithResolvers<Float32Array[]>>();

  function fail(error: unknown): void {
    if (state === 'gone') return;
    state = 'gone';
    log.warn({ error }, 'the spare thread of this model is gone; its batches are computed without it');
    rejectAll(error);
  }

  function rejectAll(error: unknown): void {
    for (const each of waiting.values()) each.reject(error);
    waiting.clear();
  }

  function hear(answer: SpareThreadAnswer): void {
    if (answer.kind === 'ready') {
      state = 'ready';
      log.info({}, 'a spare thread shares the work');
      return;
    }
    const asked = waiting.get(answer.place);
    waiting.delete(answer.place);
    if (answer.kind === 'done') asked?.resolve(answer.vectors);
  }

  function begin(): void {
    state = 'starting';
    const start: SpareThreadStart = { modelPath, pooling, states };
    thread = new Worker(new URL('./run-spare-thread.ts', import.meta.url), { workerData: start });
    thread.unref();
    thread.on('message', hear);
    thread.on('error', fail);
    thread.on('exit', () => fail(new Error('it ended')));
  }

  function freePlace(): number | undefined {
    return Array.from(states.keys()).find((place) => !waiting.has(place));
  }

  return {
    isReady() {
      if (state === 'none') begin();
      return state === 'ready' && waiting.size < places;
    },
    run(inputs) {
      const place = freePlace();
      if (place === undefined) throw new Error('the spare thread has too many batches');
      const asked = Promise.withResolvers<Float32Array[]>();
      waiting.set(place, asked);
      Atomics.store(states, place, batchState.given);
      const batch: SpareThreadBatch = { place, inputs };
      thread?.postMessage(batch);
      return {
        vectors: asked.promise,
        isDone: () => Atomics.load(states, place) === batchState.done,
        takeBack() {
          const { given, takenBack } = batchState;
          return Atomics.compareExchange(states, place, given, takenBack) === given;
        },
      };
    },
    async stop() {
      const ending = thread;
      if (ending === null || state === 'gone') return;
      state = 'gone';
      rejectAll(new Error('the worker stops'));
      // A batch is not interrupted: native code must not be torn from its memory.
      const ended = once(ending, 'exit');
      ending.postMessage(null);
      await ended;
    },
  };
}
