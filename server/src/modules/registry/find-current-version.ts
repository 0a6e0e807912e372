import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { RegistryTables } from './registry-tables.ts';

export interface CurrentVersion {
  readonly versionId: string;
  readonly manifest: ModelManifest;
}

/** What a model's name means: its newest ready version, `null` when there is none. */
export async function findCurrentVersion(
  database: DatabaseOrTransaction,
  scope: Scope,
  name: string,
): Promise<CurrentVersion | null> {
  const row = await database
    .withTables<RegistryTables>()
    .selectFrom('model_versions as v')
    .innerJoin('models as m', 'm.id', 'v.model_id')
    .select(['v.id', 'v.manifest'])
    .where('m.organization_id', '=', scope.organizationId)
    .where('m.project_id', '=', scope.projectId)
    .where('m.name', '=', name)
    .where('v.state', '=', 'ready')
    .orderBy('v.id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ? { versionId: row.id, manifest: row.manifest } : null;
}
