import { type Selectable, sql } from 'kysely';
import type { DatabaseOrTransaction, DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { Deployment, DeploymentOptions, Residency } from './deployment.ts';
import type { ServingTables } from './serving-tables.ts';

export interface NewDeployment extends Scope {
  readonly id: string;
  readonly versionId: string;
  readonly modelName: string;
}

/** Adds those that are missing; returns the versions that were new. */
export async function insertMissingDeployments(
  transaction: DatabaseTransaction,
  deployments: readonly NewDeployment[],
): Promise<readonly string[]> {
  const rows = await transaction
    .withTables<ServingTables>()
    .insertInto('deployments')
    .values(
      deployments.map((deployment) => ({
        id: deployment.id,
        organization_id: deployment.organizationId,
        project_id: deployment.projectId,
        version_id: deployment.versionId,
        model_name: deployment.modelName,
      })),
    )
    .onConflict((conflict) => conflict.column('version_id').doNothing())
    .returning('version_id')
    .execute();
  return rows.map((row) => row.version_id);
}

/** Every deployment of the installation: what an engine host reconciles. */
export async function selectDeployments(database: DatabaseOrTransaction): Promise<Deployment[]> {
  const rows = await database
    .withTables<ServingTables>()
    .selectFrom('deployments')
    .selectAll()
    .orderBy('id')
    .execute();
  return rows.map(deploymentOf);
}

/** One deployment by its version, its row locked until the transaction ends. */
export async function lockDeployment(
  transaction: DatabaseTransaction,
  versionId: string,
  scope?: Scope,
): Promise<Deployment | null> {
  let query = transaction
    .withTables<ServingTables>()
    .selectFrom('deployments')
    .selectAll()
    .where('version_id', '=', versionId)
    .forUpdate();
  if (scope !== undefined)
    query = query
      .where('organization_id', '=', scope.organizationId)
      .where('project_id', '=', scope.projectId);
  const row = await query.executeTakeFirst();
  return row ? deploymentOf(row) : null;
}

/** Notes a demand. True when the version was not in demand before, so that a host has something to do. */
export async function addDemand(transaction: DatabaseTransaction, versionId: string): Promise<boolean> {
  const row = await transaction
    .withTables<ServingTables>()
    .updateTable('deployments')
    .set({ demand: sql`demand + 1`, requested_at: sql<Date>`now()` })
    .where('version_id', '=', versionId)
    .where('desired', '!=', 'stopped')
    .where('demand', '=', sql<string>`released_demand`)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Takes back the demand that the caller saw; a later one stands. */
export async function releaseDemand(
  database: DatabaseOrTransaction,
  deploymentId: string,
  seenDemand: number,
): Promise<void> {
  await database
    .withTables<ServingTables>()
    .updateTable('deployments')
    .set({ released_demand: sql`least(demand, greatest(released_demand, ${String(seenDemand)}::bigint))` })
    .where('id', '=', deploymentId)
    .execute();
}

export async function updateResidency(
  transaction: DatabaseTransaction,
  deploymentId: string,
  residency: { readonly desired: Residency; readonly pinned: boolean },
): Promise<void> {
  await transaction
    .withTables<ServingTables>()
    .updateTable('deployments')
    .set(residency)
    .where('id', '=', deploymentId)
    .execute();
}

export async function updateOptions(
  transaction: DatabaseTransaction,
  deploymentId: string,
  options: DeploymentOptions,
): Promise<void> {
  await transaction
    .withTables<ServingTables>()
    .updateTable('deployments')
    .set({ options: JSON.stringify(options) })
    .where('id', '=', deploymentId)
    .execute();
}

function deploymentOf(row: Selectable<ServingTables['deployments']>): Deployment {
  return {
    id: row.id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    versionId: row.version_id,
    modelName: row.model_name,
    desired: row.desired,
    pinned: row.pinned,
    replicas: row.replicas,
    demand: Number(row.demand),
    releasedDemand: Number(row.released_demand),
    options: row.options,
  };
}
