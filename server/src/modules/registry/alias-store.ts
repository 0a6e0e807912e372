import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { RegistryTables } from './registry-tables.ts';

export async function modelExists(
  transaction: DatabaseTransaction,
  scope: Scope,
  name: string,
): Promise<boolean> {
  const found = await transaction
    .withTables<RegistryTables>()
    .selectFrom('models')
    .select('id')
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('name', '=', name)
    .executeTakeFirst();
  return found !== undefined;
}

/** Points an alias at a model, wherever it pointed before. */
export async function upsertAlias(
  transaction: DatabaseTransaction,
  scope: Scope,
  name: string,
  modelId: string,
): Promise<void> {
  const columns = { organization_id: scope.organizationId, project_id: scope.projectId };
  const target = { model_id: modelId, version_id: null, updated_at: new Date() };
  await transaction
    .withTables<RegistryTables>()
    .insertInto('model_aliases')
    .values({ ...columns, name, ...target })
    .onConflict((conflict) => conflict.columns(['project_id', 'name']).doUpdateSet(target))
    .execute();
}

/** Says whether there was one. */
export async function deleteAlias(
  transaction: DatabaseTransaction,
  scope: Scope,
  name: string,
): Promise<boolean> {
  const deleted = await transaction
    .withTables<RegistryTables>()
    .deleteFrom('model_aliases')
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('name', '=', name)
    .returning('name')
    .executeTakeFirst();
  return deleted !== undefined;
}
