import { sql } from 'kysely';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { ServingTables } from './serving-tables.ts';

/** How much of what is told of deployments is kept. */
export interface KeptRecords {
  readonly perDeployment: number;
  readonly days: number;
}

/** Keeps the last rows of each deployment, and none that is older; returns how many went. */
export async function trimRecords(
  database: DatabaseOrTransaction,
  table: 'deployment_events' | 'deployment_logs',
  keep: KeptRecords,
): Promise<number> {
  const tables = database.withTables<ServingTables>();
  const old = await tables
    .deleteFrom(table)
    .where('at', '<', sql<Date>`now() - ${keep.days} * interval '1 day'`)
    .executeTakeFirst();
  const surplus = await tables
    .deleteFrom(table)
    .where('id', 'in', (query) =>
      query
        .selectFrom(
          query
            .selectFrom(table)
            .select([
              'id',
              sql<number>`row_number() over (partition by deployment_id order by id desc)`.as('place'),
            ])
            .as('numbered'),
        )
        .select('numbered.id')
        .where('numbered.place', '>', keep.perDeployment),
    )
    .executeTakeFirst();
  return Number(old.numDeletedRows + surplus.numDeletedRows);
}
