import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processorMicroseconds } from './gateway/processor-time.ts';
import { wholeAnswer } from './gateway/sample-answers.ts';
import { freePort, startApiProcess } from './gateway/start-api-process.ts';
import { type Child, startChild } from './gateway/start-child.ts';
import { startNullWorker } from './gateway/start-nginx.ts';
import type { LoadOrder, LoadReport } from './grpc/load-client.ts';
import type { CallName } from './grpc/messages.ts';
import { median, ratioOfPairs } from './measure/pairs.ts';
import { type BenchRow, printRows } from './measure/report.ts';

/*
 * gRPC against its yardsticks: processor time of a call with keys and metering against a bare echo of grpc-js with the
 * same messages, and its latency against that of REST, over a worker that thinks nothing. What is measured has one
 * core; the client, the worker and PostgreSQL have the other.
 */
const secondsPerRun = 2;
const concurrency = 32;

const folder = await mkdtemp(join(tmpdir(), 'samovar-bench-grpc-'));
await chmod(folder, 0o755);
const stops: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];

async function started<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const part = await starting;
  stops.unshift(() => part.stop());
  return part;
}

function script(core: 'measured' | 'other', file: URL): Child {
  const child = startChild(core, process.execPath, [fileURLToPath(file)]);
  stops.unshift(() => child.stop());
  return child;
}

function nextMessage<T>(child: Child): Promise<T> {
  return new Promise((resolve) => child.process.once('message', (message) => resolve(message as T)));
}

async function overNullWorkers(): Promise<BenchRow[]> {
  const client = script('other', new URL('./grpc/load-client.ts', import.meta.url));
  await nextMessage(client);
  const echo = script('measured', new URL('./grpc/bare-echo.ts', import.meta.url));
  const { port } = await nextMessage<{ port: number }>(echo);
  const load = async (order: Omit<LoadOrder, 'seconds'>): Promise<LoadReport> => {
    const report = nextMessage<LoadReport>(client);
    client.process.send({ ...order, seconds: secondsPerRun });
    return await report;
  };
  const perCall = async (pid: number, order: Omit<LoadOrder, 'seconds'>): Promise<number> => {
    const before = processorMicroseconds(pid);
    const { calls } = await load(order);
    return (processorMicroseconds(pid) - before) / calls;
  };
  const rows: BenchRow[] = [];
  for (const [name, answer] of Object.entries(workerAnswers) as [CallName, string][]) {
    const socket = join(folder, `${name}.sock`);
    await started(startNullWorker(join(folder, name), socket, await freePort(), answer));
    const api = await started(startApiProcess(socket, 'pass-through'));
    const common = { protocol: 'grpc', name, key: api.key } as const;
    rows.push({
      name: `Processor time of ${name} over gRPC, against a bare echo`,
      unit: 'µs',
      bar: { atMost: 1.5 },
      ratio: await ratioOfPairs(
        () => perCall(api.pid, { ...common, address: api.grpcAddress, concurrency }),
        () => perCall(echo.pid, { ...common, address: `127.0.0.1:${port}`, concurrency }),
      ),
    });
    const added: number[] = [];
    for (let pair = 0; pair < 6; pair += 1) {
      const grpc = await load({ ...common, address: api.grpcAddress, concurrency: 1 });
      const rest = await load({ ...common, protocol: 'rest', address: api.url, concurrency: 1 });
      if (pair > 0) added.push(grpc.p50Ms - rest.p50Ms);
    }
    rows.push({
      name: `Latency of ${name} over gRPC beyond REST, p50 (as it is)`,
      unit: 'ms',
      bar: { atMost: 1 },
      ratio: {
        median: median(added),
        low: Math.min(...added),
        high: Math.max(...added),
        ours: added,
        theirs: [1],
      },
    });
  }
  return rows;
}

const workerAnswers: Readonly<Record<CallName, string>> = {
  completion: wholeAnswer,
  tokenize: JSON.stringify({
    tokens: [1, 2, 3, 4, 5, 6, 7],
    pieces: Array.from({ length: 7 }, (_, id) => ({ id: id + 1, text: ' token', special: false })),
    count: 7,
  }),
};

// Exiting ends what was started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
try {
  printRows('gRPC', await overNullWorkers());
} finally {
  for (const stop of stops) await stop();
}
