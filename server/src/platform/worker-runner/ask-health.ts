import type { WorkerHealth, WorkerPhase } from '@samovar/contract/worker-protocol';
import { Client } from 'undici';
import type { WorkerAddress } from './worker-address.ts';

const answerMs = 5_000;
const phases: readonly WorkerPhase[] = ['loading', 'ready', 'draining', 'failed'];

/** A connection for a worker's health route, apart from those of requests, so that no queue of theirs hides a hang. */
export function createHealthClient(address: WorkerAddress) {
  const client = new Client(address.socketPath === null ? address.address : 'http://worker', {
    ...(address.socketPath === null ? {} : { socketPath: address.socketPath }),
    connectTimeout: answerMs,
    headersTimeout: answerMs,
    bodyTimeout: answerMs,
  });
  return {
    async ask(): Promise<WorkerHealth> {
      const answer = await client.request({ method: 'GET', path: '/health' });
      return asHealth(await answer.body.json());
    },
    close: () => client.destroy(),
  };
}

/** Foreign engines may omit what only ours tell. */
function asHealth(value: unknown): WorkerHealth {
  const given: Partial<WorkerHealth> = typeof value === 'object' && value !== null ? value : {};
  const phase = phases.find((known) => known === given.phase);
  if (phase === undefined) throw new Error('the health answer of a model worker names no phase');
  return {
    phase,
    loadProgress: given.loadProgress ?? 0,
    slots: given.slots ?? 1,
    activeRequests: given.activeRequests ?? 0,
    queuedRequests: given.queuedRequests ?? 0,
    lastUsedAt: given.lastUsedAt ?? 0,
    residentBytes: given.residentBytes ?? 0,
    ...(given.processor === undefined ? {} : { processor: String(given.processor).slice(0, 40) }),
    ...(given.error === undefined ? {} : { error: given.error }),
    ...(given.failedAdapters === undefined ? {} : { failedAdapters: asReasons(given.failedAdapters) }),
  };
}

function asReasons(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {});
  return Object.fromEntries(entries.map(([versionId, reason]) => [versionId, String(reason)]));
}
