import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type WorkerStart, workerStartVariable } from '@samovar/contract/worker-protocol';
import { Pool } from 'undici';
import { testModel } from '../../server/test/models.ts';
import { ratioOfPairs } from './measure/pairs.ts';
import { printRows } from './measure/report.ts';

const callers = 32;
const requestsPerRound = 768;
const workerEntry = fileURLToPath(new URL('../../server/src/roles/model-worker.ts', import.meta.url));

/**
 * Embeddings of mixed lengths by the onnx worker over its socket: 32 callers at once against one caller that sends
 * the same texts one after the other, to the same process. Inputs per second; one granted engine thread in both, beside
 * which a spare thread may use a core that is idle.
 *
 * Where the time goes, for each input of 26 tokens in the mean (2 cores): one by one 2.0 ms of computing (75 µs a token)
 * and 0.5 for the way there and back, of which 0.13 are the worker's and 0.13 the caller's work; with 32 callers 1.35 ms
 * of computing (50 µs a token, 2 % of it padding), 0.3 for the rest: two cores that are busy all the time would take
 * 0.8 ms, three times as many inputs per second. The callers run on the same two cores.
 */
export async function benchEmbeddings(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'samovar-bench-'));
  const socketPath = join(folder, 'worker.sock');
  const worker = spawn(process.execPath, [workerEntry], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      UV_THREADPOOL_SIZE: '2',
      [workerStartVariable]: JSON.stringify(await startRecord(socketPath)),
    },
  });
  const pool = new Pool('http://worker', { socketPath, connections: callers, pipelining: 1 });
  try {
    await untilReady(pool);
    const texts = mixedTexts(requestsPerRound);
    const ratio = await ratioOfPairs(
      () => inputsPerSecond(pool, texts, callers),
      () => inputsPerSecond(pool, texts, 1),
      9,
    );
    printRows('Embeddings, mixed lengths', [
      { name: `${callers} callers / one by one`, ratio, unit: 'inputs per second', bar: { atLeast: 2 } },
    ]);
  } finally {
    await pool.destroy();
    worker.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startRecord(listen: string): Promise<WorkerStart> {
  const { manifest, files } = await testModel('all-minilm-l6-v2');
  return {
    workerId: 'bench',
    modelName: manifest.name,
    listen,
    workerToken: null,
    files,
    manifest,
    threads: 1,
    parallelSequences: 1,
    contextTokens: manifest.contextTokens,
    queueLimit: 4096,
    logLevel: 'error',
  };
}

/** Half short queries, some sentences, a few passages: from 4 to 120 words, the same in every run. */
function mixedTexts(count: number): string[] {
  const words = 'time year people way day man thing woman life child world school state family student'.split(
    ' ',
  );
  return Array.from({ length: count }, (_, index) => {
    const length = [4, 6, 8, 12, 20, 5, 35, 7, 60, 10, 120, 6][index % 12] ?? 8;
    return Array.from({ length }, (_each, at) => words[(index * 7 + at * 11) % words.length]).join(' ');
  });
}

async function inputsPerSecond(pool: Pool, texts: readonly string[], parallel: number): Promise<number> {
  const queue = [...texts];
  const beganAt = performance.now();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (let text = queue.pop(); text !== undefined; text = queue.pop()) await embed(pool, text);
    }),
  );
  return (texts.length * 1000) / (performance.now() - beganAt);
}

async function embed(pool: Pool, input: string): Promise<void> {
  const answer = await pool.request({
    method: 'POST',
    path: '/v1/embeddings',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input, encoding_format: 'base64' }),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`the worker answered ${answer.statusCode}: ${text}`);
}

async function untilReady(pool: Pool): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    try {
      const answer = await pool.request({ method: 'GET', path: '/health' });
      const health = (await answer.body.json()) as { phase: string };
      if (health.phase === 'ready') return;
    } catch (error) {
      // It does not listen yet.
      if (
        !(
          error instanceof Error &&
          'code' in error &&
          ['ENOENT', 'ECONNREFUSED'].includes(String(error.code))
        )
      )
        throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the worker was not ready in time');
}

if (import.meta.main) await benchEmbeddings();
