import { rmSync } from 'node:fs';
import type { ModelManifest, WorkerStart } from '@samovar/contract/worker-protocol';
import { readWorkerStart } from '../config/worker-start.ts';
import { parseListenAddress } from '../engines/worker-http/listen-address.ts';
import type { Log } from '../kernel/ports/log.ts';
import type { Running } from '../kernel/ports/running.ts';
import { createLog } from '../platform/telemetry/log.ts';
import { obeyHost } from './obey-host.ts';

type StartWorker = (start: WorkerStart, log: Log) => Promise<Running>;

/** Each engine loads its own code alone. */
const engines: Partial<Record<ModelManifest['engine'], StartWorker>> = {
  'llama-cpp': async (start, log) =>
    (await import('../engines/llama-cpp/start-llama-cpp-worker.ts')).startLlamaCppWorker(start, log),
  'llama-server': async (start, log) =>
    (await import('../engines/llama-server/start-llama-server-worker.ts')).startLlamaServerWorker(start, log),
  onnx: async (start, log) =>
    (await import('../engines/onnx/start-onnx-worker.ts')).startOnnxWorker(start, log),
};

const host = obeyHost();
const start = readWorkerStart();
const log = createLog({ level: start.logLevel, role: 'model-worker' }).child({
  model: start.modelName,
  workerId: start.workerId,
});
const address = parseListenAddress(start.listen);
// A host that was killed does not remove it.
if (address.kind === 'unix') process.once('exit', () => rmSync(address.path, { force: true }));
const startWorker = engines[start.manifest.engine];
if (startWorker === undefined) throw new Error(`this release has no engine ${start.manifest.engine}`);
host.started(await startWorker(start, log));
