import { PgBoss } from 'pg-boss';
import type { JobKind } from '../../kernel/ports/job-queue.ts';
import { isConnectionFailure, postgresUnreachable } from '../postgres/postgres-error.ts';
import { type QueueAddress, queueOptions } from './queue-options.ts';

/** A job may run this long, in seconds; its heartbeat, not this, finds a lost process. */
const longestRunSeconds = 23 * 3600;
const longestPauseSeconds = 300;

/**
 * Makes or updates the queue's own tables and the kinds of jobs, with the role that may change the schema; running
 * processes change neither. Safe to call from several processes at once.
 */
export async function prepareJobQueue(
  address: QueueAddress & { readonly kinds: readonly JobKind[] },
): Promise<void> {
  const boss = new PgBoss({
    ...queueOptions(address),
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
    for (const kind of address.kinds) await prepareKind(boss, kind);
  } catch (error) {
    throw isConnectionFailure(error) ? postgresUnreachable(address.url, error) : error;
  } finally {
    await boss.stop({ graceful: false });
  }
}

async function prepareKind(boss: PgBoss, kind: JobKind): Promise<void> {
  const options = {
    retryLimit: kind.retryLimit,
    retryDelay: kind.retryDelaySeconds,
    retryBackoff: true,
    retryDelayMax: Math.max(longestPauseSeconds, kind.retryDelaySeconds),
    heartbeatSeconds: kind.heartbeatSeconds,
    expireInSeconds: longestRunSeconds,
    notify: true,
  };
  // One job of a key waits or runs; jobs without a key of their own get a unique one.
  await boss.createQueue(kind.name, { ...options, policy: 'exclusive' });
  await boss.updateQueue(kind.name, options);
}
