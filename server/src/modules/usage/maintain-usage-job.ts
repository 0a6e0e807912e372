import { sql } from 'kysely';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { JobDefinition } from '../../kernel/ports/job-queue.ts';
import type { Log } from '../../kernel/ports/log.ts';

/** Partitions are made so many days ahead: a worker may be away as long. */
const daysAhead = 7;
const dayMs = 86_400_000;

export interface UsageMaintenance {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** `SAMOVAR_USAGE_RETENTION_DAYS` */
  readonly retentionDays: number;
}

/** Makes the partitions of the coming days and drops those past retention. Harmless to repeat. */
export async function maintainUsage(options: UsageMaintenance): Promise<void> {
  const today = Math.floor(options.clock.now() / dayMs) * dayMs;
  for (let ahead = 0; ahead <= daysAhead; ahead += 1) {
    const day = dayText(today + ahead * dayMs);
    await sql`select ${sql.table('ensure_usage_partition')}(${day}::date)`.execute(options.database);
  }
  const keptFrom = dayText(today - options.retentionDays * dayMs);
  const result = await sql<{ dropped: number }>`
    select ${sql.table('drop_usage_before')}(${keptFrom}::date) as dropped`.execute(options.database);
  const dropped = result.rows[0]?.dropped ?? 0;
  if (dropped > 0) options.log.info({ dropped, keptFrom }, 'usage records past their retention were dropped');
}

/** The same as a job; schedule it daily under this name, and run `maintainUsage` once when a worker starts. */
export function maintainUsageJob(options: UsageMaintenance): JobDefinition<Record<string, never>> {
  return {
    name: 'usage-maintain',
    retryLimit: 5,
    retryDelaySeconds: 60,
    heartbeatSeconds: 60,
    handle: () => maintainUsage(options),
  };
}

function dayText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
