import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { sql } from 'kysely';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import { currentFirst } from './current-first.ts';
import type { RegistryTables } from './registry-tables.ts';

export type VersionRow = Awaited<ReturnType<typeof selectVersions>>[number];

/**
 * Every version of every model, without its manifest. `current` marks the one that its model's name means: among the
 * ready ones that are not archived the one that became that last, else the newest.
 */
export async function selectVersions(database: DatabaseOrTransaction) {
  return await database
    .withTables<RegistryTables>()
    .selectFrom('model_versions as v')
    .innerJoin('models as m', 'm.id', 'v.model_id')
    .select([
      'v.id as version_id',
      'v.state',
      'v.archived_at as version_archived_at',
      'm.id as model_id',
      'm.organization_id',
      'm.project_id',
      'm.name',
      'm.owned_by',
      'm.created_at',
      'm.deprecated_at',
      'm.archived_at',
      'm.successor',
      sql<boolean>`row_number() over (partition by v.model_id order by ${currentFirst}) = 1`.as('current'),
    ])
    .execute();
}

/** The manifests of these versions; a version never gets another. */
export async function selectManifests(
  database: DatabaseOrTransaction,
  versionIds: readonly string[],
): Promise<readonly { readonly id: string; readonly manifest: ModelManifest }[]> {
  if (versionIds.length === 0) return [];
  return await database
    .withTables<RegistryTables>()
    .selectFrom('model_versions')
    .select(['id', 'manifest'])
    .where('id', '=', sql<string>`any (${[...versionIds]}::uuid[])`)
    .execute();
}
