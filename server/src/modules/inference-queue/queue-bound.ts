import { steadyClock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import { countByProject } from './queue-store.ts';

/** A count this old is made anew, */
const countedMs = 500;
/** and one that took long only after so many times as long: counting large queues must not be what fills the day. */
const pausesToCount = 10;

/** How many requests a project may have in the queue. */
export interface QueueBound {
  /** Takes a place for each request, in their order; `limit.queue_full` for those that find none. */
  take(projectIds: readonly string[]): Promise<(SamovarError | null)[]>;
  /** Gives back a place that came to nothing. */
  giveBack(projectId: string): void;
}

/**
 * Counts in PostgreSQL at most twice a second for each project, and adds what this process accepted since: requests of
 * other processes within that time are not seen, so several processes may accept a little more together; nor are those
 * that have ended since.
 */
export function createQueueBound(database: Database, limit: number): QueueBound {
  const counts = new Map<string, { count: number; freshUntil: number }>();

  async function refresh(projectIds: ReadonlySet<string>): Promise<void> {
    const begunAt = steadyClock.now();
    const old = [...projectIds].filter((id) => (counts.get(id)?.freshUntil ?? 0) <= begunAt);
    if (old.length === 0) return;
    const fresh = await countByProject(database, old);
    for (const [id, { freshUntil }] of counts) if (freshUntil + 60_000 <= begunAt) counts.delete(id);
    const countedAt = steadyClock.now();
    const freshUntil = countedAt + Math.max(countedMs, (countedAt - begunAt) * pausesToCount);
    for (const id of old) counts.set(id, { count: fresh.get(id) ?? 0, freshUntil });
  }

  return {
    async take(projectIds) {
      await refresh(new Set(projectIds));
      return projectIds.map((id) => {
        const known = counts.get(id) ?? { count: 0, freshUntil: 0 };
        if (known.count >= limit)
          return new SamovarError('limit.queue_full', { params: { limit }, retryAfterSeconds: 5 });
        known.count += 1;
        return null;
      });
    },
    giveBack(projectId) {
      const known = counts.get(projectId);
      if (known && known.count > 0) known.count -= 1;
    },
  };
}
