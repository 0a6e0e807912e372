import { type Selectable, sql } from 'kysely';
import { newId } from '../../kernel/ids.ts';
import type { DatabaseOrTransaction, DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { ModelFacts, RemoteEngine, RemoteModel } from './remote-engine.ts';
import type { RemoteTables } from './remote-tables.ts';

/** A model of any engine of a project. */
export interface ModelOfEngine extends RemoteModel {
  readonly engineId: string;
}

export async function selectModelsOf(
  database: DatabaseOrTransaction,
  scope: Scope,
  engineIds: readonly string[],
): Promise<ModelOfEngine[]> {
  if (engineIds.length === 0) return [];
  const rows = await modelsOf(database, scope)
    .where('engine_id', 'in', engineIds)
    .orderBy('upstream_name')
    .execute();
  return rows.map(modelOf);
}

/**
 * Lets the engines of a project take names one after the other until the transaction ends: two that are probed at once
 * do not see each other's models, and would both answer to one name. Taken after the lock of the engine's row.
 */
export async function lockModelNames(transaction: DatabaseTransaction, { projectId }: Scope): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('samovar.remote-engines.names'), hashtext(${projectId}))`.execute(
    transaction,
  );
}

/** Who serves a model of this name, or would. */
export async function selectModelsNamed(
  database: DatabaseOrTransaction,
  scope: Scope,
  name: string,
): Promise<ModelOfEngine[]> {
  const rows = await modelsOf(database, scope).where('model_name', '=', name).orderBy('id').execute();
  return rows.map(modelOf);
}

export async function writeModel(
  transaction: DatabaseTransaction,
  engine: RemoteEngine,
  facts: ModelFacts & { readonly joinedVersionId: string | null },
): Promise<void> {
  const known = {
    model_name: facts.modelName,
    serving: facts.serving,
    problem: facts.problem,
    task: facts.task,
    lane: facts.lane,
    lane_reason: facts.laneReason,
    context_tokens: facts.contextTokens,
    parameters: facts.parameters,
    capabilities: [...facts.capabilities],
    answers_as: [...facts.answersAs],
    dimensions: facts.dimensions,
    parent: facts.parent,
    fingerprint: facts.fingerprint,
    checked_at: facts.checkedAt,
    joined_version_id: facts.joinedVersionId,
  };
  await transaction
    .withTables<RemoteTables>()
    .insertInto('remote_models')
    .values({
      id: newId(),
      organization_id: engine.organizationId,
      project_id: engine.projectId,
      engine_id: engine.id,
      upstream_name: facts.upstreamName,
      ...known,
    })
    .onConflict((conflict) => conflict.columns(['engine_id', 'upstream_name']).doUpdateSet(known))
    .execute();
}

export async function deleteModel(transaction: DatabaseTransaction, scope: Scope, id: string): Promise<void> {
  await transaction
    .withTables<RemoteTables>()
    .deleteFrom('remote_models')
    .where('id', '=', id)
    .where('project_id', '=', scope.projectId)
    .execute();
}

function modelsOf(database: DatabaseOrTransaction, scope: Scope) {
  return database
    .withTables<RemoteTables>()
    .selectFrom('remote_models')
    .selectAll()
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId);
}

function modelOf(row: Selectable<RemoteTables['remote_models']>): ModelOfEngine {
  return {
    id: row.id,
    engineId: row.engine_id,
    upstreamName: row.upstream_name,
    modelName: row.model_name,
    serving: row.serving,
    problem: row.problem,
    task: row.task,
    lane: row.lane,
    laneReason: row.lane_reason,
    contextTokens: row.context_tokens,
    parameters: Number(row.parameters),
    capabilities: row.capabilities,
    answersAs: row.answers_as,
    dimensions: row.dimensions,
    parent: row.parent,
    fingerprint: row.fingerprint,
    checkedAt: row.checked_at,
    joinedVersionId: row.joined_version_id,
  };
}
