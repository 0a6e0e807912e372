import { sql } from 'kysely';
import type { Database } from '../../kernel/ports/database.ts';

/** How full the queue of the whole installation is. */
export interface QueueMeasure {
  readonly waiting: number;
  readonly running: number;
  /** How long ago the oldest of the waiting requests was accepted, also when it was tried since; 0 when none waits. */
  readonly oldestWaitSeconds: number;
}

export async function measureQueue(database: Database): Promise<QueueMeasure> {
  const { rows } = await sql<QueueMeasure>`
    select count(*) filter (where owner is null)::integer as waiting,
      count(*) filter (where owner is not null)::integer as running,
      greatest(0, extract(epoch from now() - min(run_at) filter (where owner is null)))::double precision
        as "oldestWaitSeconds"
    from ${sql.table('inference_queue')}`.execute(database);
  return rows[0] ?? { waiting: 0, running: 0, oldestWaitSeconds: 0 };
}
