import type { WorkerHealth } from '@samovar/contract/worker-protocol';
import type { MetricSample } from '../worker-http/prometheus-text.ts';

/** What a worker is doing now, beside the totals of `createWorkerCounters`. */
export function workerGauges(health: WorkerHealth): MetricSample[] {
  const gauge = (name: string, help: string, value: number): MetricSample => ({
    name: `samovar_worker_${name}`,
    type: 'gauge',
    help,
    value,
  });
  return [
    gauge('slots', 'Requests that can run at a time.', health.slots),
    gauge('active_requests', 'Requests that run.', health.activeRequests),
    gauge('queued_requests', 'Requests that wait for a slot.', health.queuedRequests),
    gauge('resident_bytes', 'Memory of the worker process.', health.residentBytes),
  ];
}
