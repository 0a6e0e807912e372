import { type Insertable, type Selectable, sql } from 'kysely';
import type { DatabaseOrTransaction, DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { RemoteEngine } from './remote-engine.ts';
import type { RemoteTables } from './remote-tables.ts';

type EngineRow = Selectable<RemoteTables['remote_engines']>;

export async function insertEngine(
  transaction: DatabaseTransaction,
  row: Insertable<RemoteTables['remote_engines']>,
): Promise<boolean> {
  const inserted = await transaction
    .withTables<RemoteTables>()
    .insertInto('remote_engines')
    .values(row)
    .onConflict((conflict) => conflict.columns(['project_id', 'name']).doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

/** What is absent does not matter. */
export interface EngineFilter {
  readonly state?: RemoteEngine['state'] | undefined;
}

/** The connections of a project by name, after `after`. */
export async function selectEngines(
  database: DatabaseOrTransaction,
  scope: Scope,
  { state, limit, after }: EngineFilter & { readonly limit: number; readonly after: string | null },
): Promise<RemoteEngine[]> {
  let query = enginesOf(database, scope).orderBy('name').limit(limit);
  if (state !== undefined) query = query.where('state', '=', state);
  if (after !== null) query = query.where('name', '>', after);
  return (await query.execute()).map(engineOf);
}

export async function findEngine(
  database: DatabaseOrTransaction,
  scope: Scope,
  name: string,
): Promise<RemoteEngine | null> {
  const row = await enginesOf(database, scope).where('name', '=', name).executeTakeFirst();
  return row ? engineOf(row) : null;
}

/** The same, its row locked until the transaction ends. */
export async function lockEngine(
  transaction: DatabaseTransaction,
  scope: Scope,
  name: string,
): Promise<RemoteEngine | null> {
  const row = await enginesOf(transaction, scope).where('name', '=', name).forUpdate().executeTakeFirst();
  return row ? engineOf(row) : null;
}

export async function updateEngine(
  transaction: DatabaseTransaction,
  scope: Scope,
  id: string,
  changes: Partial<Insertable<RemoteTables['remote_engines']>>,
): Promise<void> {
  await transaction
    .withTables<RemoteTables>()
    .updateTable('remote_engines')
    .set(changes)
    .where('id', '=', id)
    .where('project_id', '=', scope.projectId)
    .execute();
}

export async function deleteEngine(
  transaction: DatabaseTransaction,
  scope: Scope,
  id: string,
): Promise<void> {
  await transaction
    .withTables<RemoteTables>()
    .deleteFrom('remote_engines')
    .where('id', '=', id)
    .where('project_id', '=', scope.projectId)
    .execute();
}

/** Has the engine probed as soon as a process is free. */
export async function hastenProbe(database: DatabaseOrTransaction, scope: Scope, id: string): Promise<void> {
  await database
    .withTables<RemoteTables>()
    .updateTable('remote_engines')
    .set({ next_probe_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where('project_id', '=', scope.projectId)
    .execute();
}

function enginesOf(database: DatabaseOrTransaction, scope: Scope) {
  return database
    .withTables<RemoteTables>()
    .selectFrom('remote_engines')
    .selectAll()
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId);
}

export function engineOf(row: EngineRow): RemoteEngine {
  return {
    id: row.id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    name: row.name,
    kind: row.kind,
    baseUrl: row.base_url,
    sealedSecrets: row.sealed_secrets,
    hasKey: row.has_key,
    headerNames: row.header_names,
    ca: row.ca_pem,
    limits: row.limits,
    timeouts: row.timeouts,
    discover: row.discover,
    mapping: row.mapping,
    enabled: row.enabled,
    revision: row.revision,
    state: row.state,
    reason: row.reason,
    flavour: row.flavour,
    engineVersion: row.engine_version,
    missedProbes: row.missed_probes,
    since: row.since,
    probedAt: row.probed_at,
    createdAt: row.created_at,
  };
}
