import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { JobDefinition } from '../../kernel/ports/job-queue.ts';
import { deleteExpired } from './idempotency-store.ts';

/** Deletes answers that are older than a day; schedule it hourly under its name. */
export function purgeIdempotencyJob(database: Database, clock: Clock): JobDefinition<Record<string, never>> {
  return {
    name: 'idempotency-purge',
    retryLimit: 3,
    retryDelaySeconds: 60,
    heartbeatSeconds: 60,
    handle: async () => {
      await deleteExpired(database, new Date(clock.now()));
    },
  };
}
