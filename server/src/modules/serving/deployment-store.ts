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

/** Adds those that are missing; returns the versions that were new. One that was removed stays so. */
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

/** Deployments of the whole installation that are wanted, and these: of ten thousand few are. In their order. */
export async function selectActiveDeployments(
  database: DatabaseOrTransaction,
  heldIds: readonly string[],
): Promise<Deployment[]> {
  const rows = await database
    .withTables<ServingTables>()
    .selectFrom('deployments')
    .selectAll()
    .where((where) =>
      where.or([
        where.and([
          where('removed_at', 'is', null),
          where('desired', '!=', 'stopped'),
          where.or([
            where('desired', '=', 'always'),
            where('pinned', '=', true),
            where('demand', '>', where.ref('released_demand')),
          ]),
        ]),
        ...(heldIds.length > 0 ? [where('id', 'in', [...heldIds])] : []),
      ]),
    )
    .orderBy('id')
    .execute();
  return rows.map(deploymentOf);
}

/** The deployments of these versions. */
export async function selectDeploymentsOf(
  database: DatabaseOrTransaction,
  versionIds: readonly string[],
): Promise<Deployment[]> {
  if (versionIds.length === 0) return [];
  const rows = await database
    .withTables<ServingTables>()
    .selectFrom('deployments')
    .selectAll()
    .where('version_id', 'in', [...versionIds])
    .orderBy('id')
    .execute();
  return rows.map(deploymentOf);
}

/** The versions that have a deployment, removed ones included. */
export async function selectDeployedVersions(database: DatabaseOrTransaction): Promise<ReadonlySet<string>> {
  const rows = await database
    .withTables<ServingTables>()
    .selectFrom('deployments')
    .select('version_id')
    .execute();
  return new Set(rows.map((row) => row.version_id));
}

/** One deployment by itself or by its version, its row locked until the transaction ends. */
export async function lockDeployment(
  transaction: DatabaseTransaction,
  by: { readonly versionId: string } | { readonly deploymentId: string },
  scope?: Scope,
): Promise<Deployment | null> {
  let query = transaction.withTables<ServingTables>().selectFrom('deployments').selectAll().forUpdate();
  query =
    'versionId' in by
      ? query.where('version_id', '=', by.versionId)
      : query.where('id', '=', by.deploymentId);
  if (scope !== undefined)
    query = query
      .where('organization_id', '=', scope.organizationId)
      .where('project_id', '=', scope.projectId);
  const row = await query.executeTakeFirst();
  return row ? deploymentOf(row) : null;
}

/** The deployment of a version; `null` when there is none, or it was removed. */
export async function deploymentIdOf(
  database: DatabaseOrTransaction,
  scope: Scope,
  versionId: string,
): Promise<string | null> {
  const row = await database
    .withTables<ServingTables>()
    .selectFrom('deployments')
    .select('id')
    .where('version_id', '=', versionId)
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return row?.id ?? null;
}

/** A demand that stands is noted again after this time: its time tells whether somebody still waits. */
const notedSeconds = 2;

/** Notes a demand. True when the version was not in demand before, so that a host has something to do. */
export async function addDemand(transaction: DatabaseTransaction, versionId: string): Promise<boolean> {
  const row = await transaction
    .withTables<ServingTables>()
    .updateTable('deployments')
    .set({ demand: sql`demand + 1`, requested_at: sql<Date>`now()` })
    .where('version_id', '=', versionId)
    .where('desired', '!=', 'stopped')
    .where('removed_at', 'is', null)
    .where('demand', '=', sql<string>`released_demand`)
    .returning('id')
    .executeTakeFirst();
  if (row !== undefined) return true;
  await transaction
    .withTables<ServingTables>()
    .updateTable('deployments')
    .set({ requested_at: sql<Date>`now()` })
    .where('version_id', '=', versionId)
    .where('demand', '>', sql<string>`released_demand`)
    .where('requested_at', '<', sql<Date>`now() - ${notedSeconds} * interval '1 second'`)
    .execute();
  return false;
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

/** What an operator may set. */
export interface DeploymentSettings {
  readonly desired: Residency;
  readonly pinned: boolean;
  readonly priority: number;
  readonly idleSeconds: number | null;
  readonly options: DeploymentOptions;
}

/** Writes what an operator set; what is absent stays. `removed` takes it off, or brings it back. */
export async function updateDeployment(
  transaction: DatabaseTransaction,
  deploymentId: string,
  changes: Partial<DeploymentSettings> & { readonly removed?: boolean },
): Promise<void> {
  const { desired, pinned, priority, idleSeconds, options, removed } = changes;
  const set = {
    ...(desired === undefined ? {} : { desired }),
    ...(pinned === undefined ? {} : { pinned }),
    ...(priority === undefined ? {} : { priority }),
    ...(idleSeconds === undefined ? {} : { idle_seconds: idleSeconds }),
    ...(options === undefined ? {} : { options: JSON.stringify(options) }),
    ...(removed === undefined ? {} : { removed_at: removed ? sql<Date>`now()` : null }),
  };
  if (Object.keys(set).length === 0) return;
  await transaction
    .withTables<ServingTables>()
    .updateTable('deployments')
    .set(set)
    .where('id', '=', deploymentId)
    .execute();
}

/** Forgets the deployments of versions that no longer exist, with all that was written of them. */
export async function deleteDeployments(
  transaction: DatabaseTransaction,
  versionIds: readonly string[],
): Promise<void> {
  if (versionIds.length === 0) return;
  const tables = transaction.withTables<ServingTables>();
  await tables
    .deleteFrom('deployments')
    .where('version_id', 'in', [...versionIds])
    .execute();
  await tables
    .deleteFrom('version_measurements')
    .where('version_id', 'in', [...versionIds])
    .execute();
  await tables
    .deleteFrom('load_waits')
    .where('version_id', 'in', [...versionIds])
    .execute();
}

export function deploymentOf(row: Selectable<ServingTables['deployments']>): Deployment {
  return {
    id: row.id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    versionId: row.version_id,
    modelName: row.model_name,
    desired: row.desired,
    pinned: row.pinned,
    priority: row.priority,
    idleSeconds: row.idle_seconds,
    removed: row.removed_at !== null,
    replicas: row.replicas,
    demand: Number(row.demand),
    releasedDemand: Number(row.released_demand),
    options: row.options,
  };
}
