import { appendFileSync, existsSync } from 'node:fs';
import { readWorkerStart } from '../src/config/worker-start.ts';
import { createWorkerServer } from '../src/engines/worker-http/worker-server.ts';
import { obeyHost } from '../src/roles/obey-host.ts';
import { silentLog } from './silent-log.ts';

/**
 * A real model worker process without a model, for tests of the engine host. The manifest's engine options say how it
 * behaves: `loadMs` to load, `residentBytes` that it says it takes, `failWhile` a file exists, the adapter that it `lacks`, what it `says` on both outputs, `journal` a file to which each start appends its pid, threads and engine.
 */
const host = obeyHost();
const start = readWorkerStart();
const { loadMs, failWhile, journal, residentBytes, says, lacks } = start.manifest.engineOptions;
const beganAt = Date.now();
const loadingMs = Number(loadMs ?? 0);

if (typeof journal === 'string')
  appendFileSync(
    journal,
    `${process.pid} ${start.threads} ${start.manifest.engine} ${start.engineProgram ?? ''}${(start.adapters ?? []).map(({ name }) => `+${name}`).join('')}\n`,
  );
if (typeof says === 'string') {
  process.stdout.write(`${says} to one\n`);
  process.stderr.write(`${says} to the other\nand without an end`);
}
if (typeof failWhile === 'string' && existsSync(failWhile)) {
  process.stderr.write('the weights are broken\n');
  process.exit(3);
}

const failedAdapters = Object.fromEntries(
  (start.adapters ?? []).flatMap(({ name, versionId }) =>
    name === lacks ? [[versionId, 'incorrect shape in /a/file']] : [],
  ),
);
const isReady = () => Date.now() - beganAt >= loadingMs;
const server = await createWorkerServer({
  listen: start.listen,
  workerToken: start.workerToken,
  routes: [
    {
      method: 'POST',
      path: '/v1/wait',
      usesModel: true,
      async handle(exchange) {
        await new Promise((resolve) => setTimeout(resolve, Number(exchange.body.ms)));
        exchange.json(200, { pid: process.pid });
      },
    },
  ],
  health: () => ({
    phase: isReady() ? 'ready' : 'loading',
    loadProgress: loadingMs === 0 ? 1 : Math.min(1, (Date.now() - beganAt) / loadingMs),
    slots: start.parallelSequences,
    activeRequests: server.openRequests,
    queuedRequests: 0,
    lastUsedAt: server.lastUsedAt,
    residentBytes: typeof residentBytes === 'number' ? residentBytes : 0,
    ...(isReady() && { failedAdapters }),
  }),
  metrics: () => '',
  log: silentLog,
});
host.started({ stop: (graceMs) => server.stop(graceMs) });
