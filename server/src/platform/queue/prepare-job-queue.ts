import { PgBoss } from 'pg-boss';
import type { JobKind } from '../../kernel/ports/job-queue.ts';
import { isConnectionFailure, postgresUnreachable } from '../postgres/postgres-error.ts';
import { ensureKind } from './ensure-kind.ts';
import { type QueueAddress, queueOptions } from './queue-options.ts';

/**
 * Makes or updates the queue's own tables, with the role that may change the schema, and the kinds of jobs that are
 * sent before a worker has started. Safe to call from several processes at once.
 */
export async function prepareJobQueue(
  address: QueueAddress & { readonly kinds: readonly JobKind[] },
): Promise<void> {
  const boss = new PgBoss({
    // A change of a large table may be silent for long.
    ...queueOptions({ silenceMs: 600_000, ...address }),
    max: 1,
    supervise: false,
    schedule: false,
    migrate: true,
  });
  boss.on('error', (error) =>
    address.log.warn({ error: error.message }, 'preparing the job queue met an error'),
  );
  try {
    await boss.start();
    for (const kind of address.kinds) await ensureKind(boss, kind);
  } catch (error) {
    throw isConnectionFailure(error) ? postgresUnreachable(address.url, error) : error;
  } finally {
    await boss.stop({ graceful: false });
  }
}
