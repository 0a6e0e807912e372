import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type WorkerHealth, type WorkerStart, workerStartVariable } from '@samovar/contract/worker-protocol';
import { type TestModelName, testModel } from '../../../server/test/models.ts';
import type { Endpoint } from './stream-answer.ts';
import { getJson } from './stream-answer.ts';

export interface RunningEngine {
  readonly endpoint: Endpoint;
  stop(): Promise<void>;
}

export interface EngineSize {
  readonly threads: number;
  readonly parallelSequences: number;
  /** Of each sequence. */
  readonly contextTokens: number;
}

const workerEntry = fileURLToPath(new URL('../../../server/src/roles/model-worker.ts', import.meta.url));

/** The chat model that every engine of these benchmarks serves. */
export async function benchModel() {
  return await testModel('smollm2-135m-instruct');
}

/** Starts our llama-cpp worker as the engine host does, and waits until it is ready. */
export async function startModelWorker(
  size: EngineSize,
  name: TestModelName = 'smollm2-135m-instruct',
): Promise<RunningEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'samovar-bench-'));
  const socketPath = join(folder, 'worker.sock');
  const { manifest, files } = await testModel(name);
  const start: WorkerStart = {
    workerId: 'bench',
    modelName: manifest.name,
    listen: socketPath,
    workerToken: null,
    files,
    manifest,
    queueLimit: 64,
    logLevel: 'error',
    ...size,
  };
  const worker = spawn(process.execPath, [workerEntry], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '1', [workerStartVariable]: JSON.stringify(start) },
  });
  const endpoint = { socketPath, path: '/v1/completions', headers: {} };
  for (let phase = 'loading'; phase !== 'ready'; ) {
    if (worker.exitCode !== null) throw new Error(`the worker ended with ${worker.exitCode}`);
    await pause(50);
    phase = (await getJson<WorkerHealth>(endpoint, '/health').catch(() => null))?.phase ?? 'loading';
  }
  return {
    endpoint,
    async stop() {
      const ended = once(worker, 'exit');
      worker.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
