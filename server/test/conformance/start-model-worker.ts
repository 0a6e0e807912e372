import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type WorkerHealth, type WorkerStart, workerStartVariable } from '@samovar/contract/worker-protocol';
import type { TestModel } from '../models.ts';
import { createWorkerClient, type WorkerClient } from './worker-client.ts';

export interface StartedWorker {
  readonly client: WorkerClient;
  readonly pid: number;
  stop(): Promise<void>;
}

const entry = new URL('../../src/roles/model-worker.ts', import.meta.url);

/** Starts a model worker as a child process, as the engine host does, and waits until it is ready. */
export async function startModelWorker(
  model: TestModel,
  options: Pick<
    WorkerStart,
    'parallelSequences' | 'contextTokens' | 'queueLimit' | 'engineProgram' | 'adapters' | 'kvCache'
  >,
): Promise<StartedWorker> {
  const folder = await mkdtemp(join(tmpdir(), 'samovar-worker-'));
  const listen = join(folder, 'worker.sock');
  const start: WorkerStart = {
    workerId: 'conformance',
    modelName: model.manifest.name,
    listen,
    workerToken: null,
    files: model.files,
    manifest: model.manifest,
    threads: 1,
    logLevel: 'error',
    ...options,
  };
  const child = fork(entry, {
    env: { ...process.env, UV_THREADPOOL_SIZE: '1', [workerStartVariable]: JSON.stringify(start) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const client = createWorkerClient(listen);
  await untilReady(client, child);
  return {
    client,
    pid: child.pid ?? 0,
    async stop() {
      await client.close();
      if (child.connected) child.disconnect();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(client: WorkerClient, child: { readonly exitCode: number | null }): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the worker ended with ${child.exitCode}`);
    const health = await client.get('/health').then(
      ({ body }) => body as WorkerHealth,
      () => null,
    );
    if (health?.phase === 'ready') return;
    if (health?.phase === 'failed') throw new Error(`the worker failed: ${health.error}`);
    await wait(100);
  }
  throw new Error('the worker was not ready within two minutes');
}
