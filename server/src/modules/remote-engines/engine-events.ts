import { newId } from '../../kernel/ids.ts';
import type { DatabaseOrTransaction, DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { RemoteEngine } from './remote-engine.ts';
import type { RemoteTables } from './remote-tables.ts';

/** Of each engine; older ones are forgotten. */
const keptEvents = 100;

/** `state`, `model`, `adapter`, `connection`: what the detail speaks of. */
export type EngineEventKind = 'state' | 'model' | 'adapter' | 'connection';

export interface EngineEventRecord {
  readonly at: Date;
  readonly kind: string;
  readonly detail: string;
}

export async function appendEngineEvent(
  transaction: DatabaseTransaction,
  engine: Pick<RemoteEngine, 'id' | 'organizationId' | 'projectId'>,
  kind: EngineEventKind,
  detail: string,
): Promise<void> {
  await transaction
    .withTables<RemoteTables>()
    .insertInto('remote_engine_events')
    .values({
      id: newId(),
      organization_id: engine.organizationId,
      project_id: engine.projectId,
      engine_id: engine.id,
      kind,
      detail: detail.slice(0, 2000),
    })
    .execute();
  const tables = transaction.withTables<RemoteTables>();
  await tables
    .deleteFrom('remote_engine_events')
    .where('engine_id', '=', engine.id)
    .where('id', 'in', (query) =>
      query
        .selectFrom('remote_engine_events')
        .select('id')
        .where('engine_id', '=', engine.id)
        .orderBy('id', 'desc')
        .offset(keptEvents),
    )
    .execute();
}

/** Newest first. */
export async function selectEngineEvents(
  database: DatabaseOrTransaction,
  scope: Scope,
  engineId: string,
): Promise<EngineEventRecord[]> {
  return await database
    .withTables<RemoteTables>()
    .selectFrom('remote_engine_events')
    .select(['at', 'kind', 'detail'])
    .where('engine_id', '=', engineId)
    .where('project_id', '=', scope.projectId)
    .orderBy('id', 'desc')
    .execute();
}
