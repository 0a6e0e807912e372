import type { PgBoss } from 'pg-boss';
import type { JobKind } from '../../kernel/ports/job-queue.ts';

/** A job may run this long; its heartbeat, not this, finds a lost process. */
const longestRunSeconds = 23 * 3600;
const longestPauseSeconds = 300;

/** Makes a kind of jobs known, or brings it to this release's numbers. */
export async function ensureKind(boss: PgBoss, kind: JobKind): Promise<void> {
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
