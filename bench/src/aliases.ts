import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, fetch, type Response } from 'undici';
import { addReadyModel, addReadyWorker } from '../../server/test/ready-model-rows.ts';
import { fillRegistry } from './aliases/fill-registry.ts';
import { processorMicroseconds } from './gateway/processor-time.ts';
import { runWrk } from './gateway/run-wrk.ts';
import { question, wholeAnswer } from './gateway/sample-answers.ts';
import { type ApiProcess, createApiDatabase, freePort, startApiOn } from './gateway/start-api-process.ts';
import { startNullWorker } from './gateway/start-nginx.ts';
import { type Ratio, ratioOfPairs } from './measure/pairs.ts';
import { type BenchRow, printRows } from './measure/report.ts';

/*
 * Aliases: how long until two api processes send requests to what an alias was moved to, and what a request costs where
 * there are ten thousand models and as many aliases, against three of each. Requests name a thousand aliases in turn.
 */
const many = 10_000;
const switches = 21;
const secondsPerRun = 2;

const folder = await mkdtemp(join(tmpdir(), 'samovar-bench-aliases-'));
await chmod(folder, 0o755);
const socket = join(folder, 'worker.sock');
const stops: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
const agent = new Agent({ keepAliveTimeout: 60_000 });

async function started<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const part = await starting;
  stops.unshift(() => part.stop());
  return part;
}

async function installation(count: number) {
  const database = await createApiDatabase(socket, 'pass-through');
  stops.unshift(() => database.store.end());
  for (const name of ['old', 'next'])
    await addReadyWorker(database.store, await addReadyModel(database.store, name), `unix:${socket}`);
  const aliases = await fillRegistry(database.store, count);
  return { database, aliases };
}

/** Microseconds of processor time for one request. */
async function perRequest(api: ApiProcess, aliases: readonly string[]): Promise<number> {
  const before = processorMicroseconds(api.pid);
  const { requests } = await runWrk({
    url: `${api.url}/v1/chat/completions`,
    key: api.key,
    connections: 32,
    seconds: secondsPerRun,
    body: question(),
    models: Array.from({ length: 1000 }, (_, index) => aliases[(index * 7) % aliases.length] ?? ''),
    script: join(folder, 'load.lua'),
  });
  return (processorMicroseconds(api.pid) - before) / requests;
}

async function call(api: ApiProcess, method: string, path: string, body: object): Promise<Response> {
  const answer = await fetch(api.url + path, {
    dispatcher: agent,
    method,
    headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
  return answer;
}

/** Milliseconds from asking for the move until every process sends requests to this model. */
async function switchMs(apis: readonly ApiProcess[], model: string): Promise<number> {
  const begunAt = performance.now();
  const moved = call(apis[0] as ApiProcess, 'PUT', '/api/aliases/moved', { model });
  await Promise.all(
    apis.map(async (api) => {
      for (;;) {
        const answer = await call(api, 'POST', '/v1/chat/completions', question({ model: 'moved' }));
        if (answer.headers.get('x-samovar-model') === model) return;
        await sleep(2);
      }
    }),
  );
  const took = performance.now() - begunAt;
  await moved;
  return took;
}

async function measure(): Promise<BenchRow[]> {
  await started(startNullWorker(join(folder, 'null'), socket, await freePort(), wholeAnswer));
  const [few, large] = [await installation(3), await installation(many)];
  const [small, big] = [await started(startApiOn(few.database)), await started(startApiOn(large.database))];
  const cost = await ratioOfPairs(
    () => perRequest(big, large.aliases),
    () => perRequest(small, few.aliases),
    15,
  );
  const second = await started(startApiOn(large.database));
  await call(big, 'PUT', '/api/aliases/moved', { model: 'old' });
  await sleep(1000);
  const took: number[] = [];
  for (let move = 0; move < switches; move += 1) {
    took.push(await switchMs([big, second], move % 2 === 0 ? 'next' : 'old'));
    await sleep(50 + Math.random() * 100);
  }
  const sorted = took.sort((left, right) => left - right);
  return [
    {
      name: `Processor time of a request by alias, ${many} models and aliases against 3`,
      unit: 'µs',
      ratio: cost,
      bar: { atMost: 1.15 },
    },
    figure(`A moved alias on two processes, median of ${switches}`, 200, sorted[(switches - 1) / 2]),
    figure(`A moved alias on two processes, slowest of ${switches}`, 1000, sorted.at(-1)),
  ];
}

/** A row whose figure is not a ratio but a time. */
function figure(name: string, atMost: number, value = Number.NaN): BenchRow {
  const ratio: Ratio = { median: value, low: value, high: value, ours: [value], theirs: [1] };
  return { name, unit: 'ms', ratio, bar: { atMost } };
}

// Exiting ends what was started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
try {
  printRows('Aliases', await measure());
} finally {
  for (const stop of stops) await stop();
  await agent.close();
}
