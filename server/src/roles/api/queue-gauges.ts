import type { Database } from '../../kernel/ports/database.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { measureQueue, type QueueMeasure } from '../../modules/inference-queue/index.ts';
import type { MeasuredValue } from '../../platform/telemetry/metrics.ts';

/** What is not known is not a number: the database is away. */
const unknown: QueueMeasure = {
  waiting: Number.NaN,
  running: Number.NaN,
  oldestWaitSeconds: Number.NaN,
};

/** Gauges of the inference queue; one query for all of them each time that metrics are asked for. */
export function queueGauges(database: Database, log: Log): MeasuredValue[] {
  let measuring: Promise<QueueMeasure> | null = null;

  function measure(): Promise<QueueMeasure> {
    measuring ??= measureQueue(database)
      .catch((error: unknown) => {
        log.debug({ error: String(error) }, 'the inference queue cannot be measured at present');
        return unknown;
      })
      .finally(() => {
        measuring = null;
      });
    return measuring;
  }

  return [
    {
      name: 'samovar_async_waiting',
      help: 'Asynchronous requests that wait, of the whole installation.',
      read: async () => (await measure()).waiting,
    },
    {
      name: 'samovar_async_running',
      help: 'Asynchronous requests that a worker process has, of the whole installation.',
      read: async () => (await measure()).running,
    },
    {
      name: 'samovar_async_oldest_wait_seconds',
      help: 'How long the oldest waiting asynchronous request has waited.',
      read: async () => (await measure()).oldestWaitSeconds,
    },
  ];
}
