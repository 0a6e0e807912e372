import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nodeArguments } from '../../server/src/roles/node-arguments.ts';
import type { PackagedModel } from '../../server/test/registered-worker.ts';
import { processorMicroseconds } from './gateway/processor-time.ts';
import { wholeAnswer } from './gateway/sample-answers.ts';
import { freePort, startApiProcess } from './gateway/start-api-process.ts';
import { type Child, startChild } from './gateway/start-child.ts';
import { startNullWorker } from './gateway/start-nginx.ts';
import type { LoadOrder, LoadReport } from './grpc/load-client.ts';
import { type CallName, vector } from './grpc/messages.ts';
import { median, ratioOfPairs } from './measure/pairs.ts';
import { type BenchRow, printRows } from './measure/report.ts';

/*
 * gRPC against its yardsticks: processor time of a call with keys and metering against a bare echo of grpc-js with the
 * same messages, and its latency against that of REST, over a worker that thinks nothing. What is measured has one
 * core; the client and the worker have the other. A bare echo has Node's own flags; what one with the flags of an api
 * process needs, whose garbage is collected by one thread in a small young generation, is told beside.
 * `--calls NAME,…` measures some of the calls alone.
 */
const warmUpSeconds = 8;
const secondsPerRun = 1;
const pairs = 11;
const latencyPairs = 5;
const concurrency = 32;

const folder = await mkdtemp(join(tmpdir(), 'samovar-bench-grpc-'));
await chmod(folder, 0o755);
const stops: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];

async function started<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const part = await starting;
  stops.unshift(() => part.stop());
  return part;
}

function script(core: 'measured' | 'other', file: URL, flags: readonly string[] = []): Child {
  const child = startChild(core, process.execPath, [...flags, fileURLToPath(file)]);
  stops.unshift(() => child.stop());
  return child;
}

function nextMessage<T>(child: Child): Promise<T> {
  return new Promise((resolve) => child.process.once('message', (message) => resolve(message as T)));
}

interface Target {
  readonly pid: number;
  readonly address: string;
}

interface Echoes {
  readonly bare: Target;
  /** One with the flags of an api process. */
  readonly sameFlags: Target;
}

type Order = Omit<LoadOrder, 'seconds'>;
type Load = (order: Order, seconds: number) => Promise<LoadReport>;

async function startClient(): Promise<Load> {
  const client = script('other', new URL('./grpc/load-client.ts', import.meta.url));
  await nextMessage(client);
  return async (order, seconds) => {
    const report = nextMessage<LoadReport>(client);
    client.process.send({ ...order, seconds } satisfies LoadOrder);
    return await report;
  };
}

async function startEcho(flags: readonly string[]): Promise<Target> {
  const echo = script('measured', new URL('./grpc/bare-echo.ts', import.meta.url), flags);
  const { port } = await nextMessage<{ port: number }>(echo);
  return { pid: echo.pid, address: `127.0.0.1:${port}` };
}

/** Processor time of a call against both echoes, which are measured in the same rounds. */
async function processorTime(
  load: Load,
  { pid, order, echoes }: { readonly pid: number; readonly order: Order; readonly echoes: Echoes },
): Promise<BenchRow> {
  const perCall = async ({ pid: server, address }: Target): Promise<number> => {
    const before = processorMicroseconds(server);
    const { calls } = await load({ ...order, address }, secondsPerRun);
    return (processorMicroseconds(server) - before) / calls;
  };
  const ours = { pid, address: order.address };
  const { bare, sameFlags } = echoes;
  for (const { address } of [ours, bare, sameFlags]) await load({ ...order, address }, warmUpSeconds);
  const besides: number[] = [];
  const ratio = await ratioOfPairs(
    () => perCall(ours),
    async () => {
      besides.push(await perCall(sameFlags));
      return await perCall(bare);
    },
    pairs,
  );
  return {
    name: `Processor time of ${order.name} over gRPC, against a bare echo (with the flags of an api process: ${median(besides).toFixed(1)} µs)`,
    unit: 'µs',
    bar: { atMost: 1.5 },
    ratio,
  };
}

async function latencyBeyondRest(load: Load, order: Order, url: string): Promise<BenchRow> {
  const rest: Order = { ...order, protocol: 'rest', address: url };
  const beyond: number[] = [];
  const ours: number[] = [];
  const theirs: number[] = [];
  for (const each of [order, rest]) await load({ ...each, concurrency: 1 }, secondsPerRun);
  for (let pair = 0; pair < latencyPairs; pair += 1) {
    const grpc = await load({ ...order, concurrency: 1 }, secondsPerRun);
    const plain = await load({ ...rest, concurrency: 1 }, secondsPerRun);
    beyond.push(grpc.p50Ms - plain.p50Ms);
    ours.push(grpc.p50Ms);
    theirs.push(plain.p50Ms);
  }
  return {
    name: `Latency of ${order.name} over gRPC beyond REST, p50 (as it is)`,
    unit: 'ms',
    bar: { atMost: 1 },
    ratio: { median: median(beyond), low: Math.min(...beyond), high: Math.max(...beyond), ours, theirs },
  };
}

async function overNullWorkers(names: readonly CallName[]): Promise<BenchRow[]> {
  const load = await startClient();
  const echoes: Echoes = { bare: await startEcho([]), sameFlags: await startEcho(nodeArguments('api')) };
  const rows: BenchRow[] = [];
  for (const name of names) {
    const { model, answer } = workers[name];
    const socket = join(folder, `${name}.sock`);
    await started(startNullWorker(join(folder, name), socket, await freePort(), answer));
    const api = await started(startApiProcess(socket, 'pass-through', model));
    const order: Order = { protocol: 'grpc', name, key: api.key, address: api.grpcAddress, concurrency };
    rows.push(await processorTime(load, { pid: api.pid, order, echoes }));
    rows.push(await latencyBeyondRest(load, order, api.url));
    console.error(`${rows.length} rows measured`);
  }
  return rows;
}

const workers: Readonly<Record<CallName, { readonly model: PackagedModel; readonly answer: string }>> = {
  completion: { model: 'smollm2-135m-instruct', answer: wholeAnswer },
  tokenize: {
    model: 'smollm2-135m-instruct',
    answer: JSON.stringify({
      tokens: [1, 2, 3, 4, 5, 6, 7],
      pieces: Array.from({ length: 7 }, (_, id) => ({ id: id + 1, text: ' token', special: false })),
      count: 7,
    }),
  },
  textEmbedding: {
    model: 'all-minilm-l6-v2',
    answer: JSON.stringify({
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: vector }],
      model: 'all-minilm-l6-v2',
      usage: { prompt_tokens: 9, total_tokens: 9 },
    }),
  },
};

const { values: flags } = parseArgs({ options: { calls: { type: 'string' } } });
const allNames = Object.keys(workers) as CallName[];
const asked = flags.calls?.split(',') ?? allNames;
const names = allNames.filter((name) => asked.includes(name));

// Exiting ends what was started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
try {
  printRows('gRPC', await overNullWorkers(names));
} finally {
  for (const stop of stops) await stop();
}
