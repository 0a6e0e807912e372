import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { RegistryTables } from './registry-tables.ts';
import type { ServedModel } from './served-model.ts';

/** A ready version of the project by its id; `null` when there is none. */
export async function getServedVersion(
  database: DatabaseOrTransaction,
  scope: Scope,
  versionId: string,
): Promise<ServedModel | null> {
  const row = await database
    .withTables<RegistryTables>()
    .selectFrom('model_versions as v')
    .innerJoin('models as m', 'm.id', 'v.model_id')
    .select(['v.id', 'v.model_id', 'v.manifest', 'm.name', 'm.owned_by', 'm.created_at'])
    .where('v.id', '=', versionId)
    .where('v.organization_id', '=', scope.organizationId)
    .where('v.project_id', '=', scope.projectId)
    .where('v.state', '=', 'ready')
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    modelId: row.model_id,
    versionId: row.id,
    name: row.name,
    organizationId: scope.organizationId,
    projectId: scope.projectId,
    task: row.manifest.task,
    createdAtSeconds: Math.floor(row.created_at.getTime() / 1000),
    ownedBy: row.owned_by,
    contextTokens: row.manifest.contextTokens,
    manifest: row.manifest,
  };
}
