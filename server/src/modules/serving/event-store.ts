import { sql } from 'kysely';
import type { DatabaseOrTransaction, DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import { announceDeployments } from './deployment-changes.ts';
import type { DeploymentEvent, NewDeploymentEvent } from './deployment-event.ts';
import type { ServingTables } from './serving-tables.ts';

/**
 * Appends events in the transaction that makes the change. The rows of their deployments are locked first, in the
 * order of their ids, so that event ids of one deployment grow in the order of the commits: whoever reads on from an
 * id misses nothing. Events of deployments that are gone are dropped.
 */
export async function appendEvents(
  transaction: DatabaseTransaction,
  events: readonly NewDeploymentEvent[],
): Promise<void> {
  if (events.length === 0) return;
  const deployments = await lockForEvents(
    transaction,
    events.map(({ deploymentId }) => deploymentId),
  );
  const byId = new Map(deployments.map((deployment) => [deployment.id, deployment]));
  const rows = events.flatMap((event) => {
    const deployment = byId.get(event.deploymentId);
    if (deployment === undefined) return [];
    return [
      {
        organization_id: deployment.organization_id,
        project_id: deployment.project_id,
        deployment_id: deployment.id,
        at: event.at ?? sql<Date>`clock_timestamp()`,
        kind: event.kind,
        from_state: event.from ?? null,
        to_state: event.to ?? null,
        reason: event.reason,
        detail: JSON.stringify(event.detail ?? {}),
      },
    ];
  });
  if (rows.length === 0) return;
  await transaction.withTables<ServingTables>().insertInto('deployment_events').values(rows).execute();
  await announceDeployments(transaction, byId.keys());
}

/** Locks the rows of those that are still there, in the order of their ids. */
export async function lockForEvents(transaction: DatabaseTransaction, deploymentIds: readonly string[]) {
  if (deploymentIds.length === 0) return [];
  return await transaction
    .withTables<ServingTables>()
    .selectFrom('deployments')
    .select(['id', 'organization_id', 'project_id'])
    .where('id', 'in', [...new Set(deploymentIds)])
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
}

export interface EventPage {
  /** Only those after this id. */
  readonly after: string | null;
  readonly limit: number;
}

/** Events of a deployment in the order in which they happened; without `after` the last ones. */
export async function selectEvents(
  database: DatabaseOrTransaction,
  scope: Scope,
  deploymentId: string,
  { after, limit }: EventPage,
): Promise<readonly DeploymentEvent[]> {
  let query = database
    .withTables<ServingTables>()
    .selectFrom('deployment_events')
    .selectAll()
    .where('deployment_id', '=', deploymentId)
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .limit(limit);
  query = after === null ? query.orderBy('id', 'desc') : query.where('id', '>', after).orderBy('id', 'asc');
  const rows = await query.execute();
  const events = rows.map((row) => ({
    id: row.id,
    at: row.at,
    kind: row.kind,
    from: row.from_state,
    to: row.to_state,
    reason: row.reason,
    detail: row.detail,
  }));
  return after === null ? events.reverse() : events;
}
