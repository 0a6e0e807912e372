import type { Database, DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import { announceDeployments } from './deployment-changes.ts';
import { lockForEvents } from './event-store.ts';
import type { ServingTables } from './serving-tables.ts';

/** A line that a model worker wrote. */
export interface LogLine {
  /** Grows; decimal digits. */
  readonly id: string;
  readonly at: Date;
  readonly workerId: string;
  readonly line: string;
}

export interface NewLogLine {
  readonly at: Date;
  readonly line: string;
}

/** Longer lines are cut: nobody reads them, and rows stay small. */
export const longestLine = 4_000;

/** Keeps lines, and tells whoever follows. Of a deployment that is gone nothing is kept. */
export async function insertLogLines(
  database: Database,
  of: Scope & { readonly deploymentId: string; readonly workerId: string },
  lines: readonly NewLogLine[],
): Promise<void> {
  if (lines.length === 0) return;
  await database.transaction().execute(async (transaction) => {
    const tables = transaction.withTables<ServingTables>();
    // One writer at a time: ids grow in the order of the commits, so whoever reads on misses nothing.
    const known = await lockForEvents(transaction, [of.deploymentId]);
    if (known.length === 0) return;
    await tables
      .insertInto('deployment_logs')
      .values(
        lines.map(({ at, line }) => ({
          organization_id: of.organizationId,
          project_id: of.projectId,
          deployment_id: of.deploymentId,
          worker_id: of.workerId,
          at,
          line,
        })),
      )
      .execute();
    await announceDeployments(transaction, [of.deploymentId]);
  });
}

/** Lines in the order in which they were written; without `after` the last ones. */
export async function selectLogLines(
  database: DatabaseOrTransaction,
  scope: Scope,
  deploymentId: string,
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<readonly LogLine[]> {
  let query = database
    .withTables<ServingTables>()
    .selectFrom('deployment_logs')
    .select(['id', 'at', 'worker_id', 'line'])
    .where('deployment_id', '=', deploymentId)
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .limit(limit);
  query = after === null ? query.orderBy('id', 'desc') : query.where('id', '>', after).orderBy('id', 'asc');
  const rows = await query.execute();
  const lines = rows.map((row) => ({ id: row.id, at: row.at, workerId: row.worker_id, line: row.line }));
  return after === null ? lines.reverse() : lines;
}
