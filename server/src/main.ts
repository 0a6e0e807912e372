import { loadSettings, type ServerSettings } from './config/load-settings.ts';
import type { Log } from './kernel/ports/log.ts';
import type { Running } from './kernel/ports/running.ts';
import { createLog } from './platform/telemetry/log.ts';
import { runUntilSignal } from './roles/run-until-signal.ts';
import { tellParent } from './roles/tell-parent.ts';

type StartRole = (settings: ServerSettings, log: Log) => Promise<Running | null>;

/** Each role loads its own code alone. */
const roles: Readonly<Record<string, StartRole>> = {
  api: async (settings, log) => (await import('./roles/api/start-api.ts')).startApi(settings, log),
  engine: async (settings, log) =>
    (await import('./roles/engine/start-engine.ts')).startEngine(settings, log),
  worker: async (settings, log) =>
    (await import('./roles/worker/start-worker.ts')).startWorker(settings, log),
  prepare: async (settings, log) => (await import('./roles/prepare/prepare.ts')).prepare(settings, log),
  'recover-key': async (settings, log) =>
    (await import('./roles/recover-key/recover-key.ts')).recoverKey(settings, log),
  'build-engine': async (settings) =>
    (await import('./roles/build-engine/build-engine.ts')).buildEngine(
      settings.data,
      process.argv[3],
      tellParent,
    ),
  all: async (settings, log) =>
    (await import('./roles/all/start-all.ts')).startAll(settings, log, (step) =>
      tellParent({ kind: 'progress', step }),
    ),
};

const role = process.argv[2] ?? '';
const startRole = roles[role];
if (startRole === undefined) {
  process.stderr.write(`Usage: node server/src/main.ts <role>, one of ${Object.keys(roles).join(', ')}\n`);
  process.exit(2);
}
await runUntilSignal({
  // A supervisor outlives the terminal that started it, unless it is told that it belongs to it.
  endsWithParent: role !== 'all' || process.argv.includes('--attached'),
  loadSettings,
  makeLog: (settings) => createLog({ level: settings.logLevel, role }),
  start: startRole,
});
