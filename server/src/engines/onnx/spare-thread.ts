import { once } from 'node:events';
import { statSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { WorkerStart } from '@samovar/contract/worker-protocol';
import type { Log } from '../../kernel/ports/log.ts';
import type { EmbeddingOptions } from '../embedding-worker/embedding-model.ts';
import type { SpareThread } from '../embedding-worker/spare-thread.ts';
import type { SpareThreadAnswer, SpareThreadStart } from './spare-thread-messages.ts';

/** Its session has the weights a second time: larger models are left alone. */
const largestModelBytes = 64 * 1024 * 1024;

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
  let waiting: PromiseWithResolvers<Float32Array[]> | null = null;

  function fail(error: unknown): void {
    if (state === 'gone') return;
    state = 'gone';
    log.warn({ error }, 'the spare thread of this model is gone; its batches are computed without it');
    waiting?.reject(error);
    waiting = null;
  }

  function hear(answer: SpareThreadAnswer): void {
    if (answer.kind === 'ready') {
      state = 'ready';
      log.info({}, 'a spare thread shares the work');
      return;
    }
    const asked = waiting;
    waiting = null;
    asked?.resolve(answer.vectors);
  }

  function begin(): void {
    state = 'starting';
    const start: SpareThreadStart = { modelPath, pooling };
    thread = new Worker(new URL('./run-spare-thread.ts', import.meta.url), { workerData: start });
    thread.unref();
    thread.on('message', hear);
    thread.on('error', fail);
    thread.on('exit', () => fail(new Error('it ended')));
  }

  return {
    isReady() {
      if (state === 'none') begin();
      return state === 'ready' && waiting === null;
    },
    run(inputs) {
      waiting = Promise.withResolvers();
      thread?.postMessage(inputs);
      return waiting.promise;
    },
    async stop() {
      const ending = thread;
      if (ending === null || state === 'gone') return;
      state = 'gone';
      waiting?.reject(new Error('the worker stops'));
      // A batch is not interrupted: native code must not be torn from its memory.
      const ended = once(ending, 'exit');
      ending.postMessage(null);
      await ended;
    },
  };
}
