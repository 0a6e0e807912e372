import type { Clock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import { countByProject } from './queue-store.ts';

/** A count this old is made anew. */
const countedMs = 500;

/** How many requests a project may have in the queue. */
export interface QueueBound {
  /** Takes a place for each request, in their order; `limit.queue_full` for those that find none. */
  take(projectIds: readonly string[]): Promise<(SamovarError | null)[]>;
  /** Gives back a place that came to nothing. */
  giveBack(projectId: string): void;
}

/**
 * Counts in PostgreSQL at most twice a second for each project, and adds what this process accepted since: requests of
 * other processes within that time are not seen, so several processes may accept a little more together.
 */
export function createQueueBound(database: Database, limit: number, clock: Clock): QueueBound {
  const counts = new Map<string, { count: number; countedAt: number }>();

  async function refresh(projectIds: ReadonlySet<string>): Promise<void> {
    const now = clock.now();
    const old = [...projectIds].filter((id) => now - (counts.get(id)?.countedAt ?? 0) >= countedMs);
    if (old.length === 0) return;
    const fresh = await countByProject(database, old);
    for (const [id, { countedAt }] of counts) if (now - countedAt > 60_000) counts.delete(id);
    for (const id of old) counts.set(id, { count: fresh.get(id) ?? 0, countedAt: now });
  }

  return {
    async take(projectIds) {
      await refresh(new Set(projectIds));
      return projectIds.map((id) => {
        const known = counts.get(id) ?? { count: 0, countedAt: 0 };
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
