import type { DatabaseOrTransaction, DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { RemoteEngine } from './remote-engine.ts';
import type { AdapterState, RemoteTables } from './remote-tables.ts';

export interface AdapterRecord {
  /** What the engine calls it, and what it is called here. */
  readonly name: string;
  /** Where the engine finds it. */
  readonly path: string;
  readonly state: AdapterState;
  readonly error: string | null;
}

export async function selectAdapters(
  database: DatabaseOrTransaction,
  scope: Scope,
  engineId: string,
): Promise<AdapterRecord[]> {
  return await database
    .withTables<RemoteTables>()
    .selectFrom('remote_adapters')
    .select(['name', 'path', 'state', 'error'])
    .where('engine_id', '=', engineId)
    .where('project_id', '=', scope.projectId)
    .orderBy('name')
    .execute();
}

/** A new one is to be loaded; one of this name is to be loaded from there. */
export async function upsertAdapter(
  transaction: DatabaseTransaction,
  engine: RemoteEngine,
  adapter: Pick<AdapterRecord, 'name' | 'path'>,
): Promise<void> {
  const wanted = { path: adapter.path, state: 'wanted', error: null } as const;
  await transaction
    .withTables<RemoteTables>()
    .insertInto('remote_adapters')
    .values({
      organization_id: engine.organizationId,
      project_id: engine.projectId,
      engine_id: engine.id,
      name: adapter.name,
      ...wanted,
    })
    .onConflict((conflict) => conflict.columns(['engine_id', 'name']).doUpdateSet(wanted))
    .execute();
}

/** `from`: nothing is written when somebody has changed its mind meanwhile. Returns whether it was written. */
export async function setAdapterState(
  database: DatabaseOrTransaction,
  scope: Scope,
  engineId: string,
  adapter: {
    readonly name: string;
    readonly from: AdapterState;
    readonly to: AdapterState;
    readonly error: string | null;
  },
): Promise<boolean> {
  const changed = await database
    .withTables<RemoteTables>()
    .updateTable('remote_adapters')
    .set({ state: adapter.to, error: adapter.error })
    .where('engine_id', '=', engineId)
    .where('project_id', '=', scope.projectId)
    .where('name', '=', adapter.name)
    .where('state', '=', adapter.from)
    .returning('name')
    .executeTakeFirst();
  return changed !== undefined;
}

export async function deleteAdapter(
  database: DatabaseOrTransaction,
  scope: Scope,
  engineId: string,
  name: string,
): Promise<void> {
  await database
    .withTables<RemoteTables>()
    .deleteFrom('remote_adapters')
    .where('engine_id', '=', engineId)
    .where('project_id', '=', scope.projectId)
    .where('name', '=', name)
    .where('state', '=', 'unwanted')
    .execute();
}
