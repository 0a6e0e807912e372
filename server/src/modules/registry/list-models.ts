import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { sql } from 'kysely';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { ImportProgress } from './import-progress.ts';
import type { VersionState } from './model-version.ts';
import type { RegistryTables } from './registry-tables.ts';

/** A model with the version that its name means: the newest ready one, else the newest. */
export interface ListedModel {
  readonly modelId: string;
  readonly versionId: string;
  readonly name: string;
  readonly ownedBy: string;
  readonly createdAt: Date;
  readonly state: VersionState;
  readonly manifest: ModelManifest;
  readonly sizeBytes: number;
  readonly aliases: readonly string[];
  readonly import: ImportProgress;
}

/** The models of a project by name, ready or not, with the progress of their import. */
export async function listModels(
  database: DatabaseOrTransaction,
  scope: Scope,
): Promise<readonly ListedModel[]> {
  const tables = database.withTables<RegistryTables>();
  const rows = await tables
    .selectFrom('model_versions as v')
    .innerJoin('models as m', 'm.id', 'v.model_id')
    .innerJoin('model_imports as i', 'i.version_id', 'v.id')
    .distinctOn('m.name')
    .selectAll('i')
    .select(['v.manifest', 'v.state', 'm.id as model_id', 'm.name', 'm.owned_by', 'm.created_at'])
    .where('m.organization_id', '=', scope.organizationId)
    .where('m.project_id', '=', scope.projectId)
    .orderBy('m.name')
    .orderBy(sql`v.state = 'ready'`, 'desc')
    .orderBy('v.id', 'desc')
    .execute();
  const aliases = await tables
    .selectFrom('model_aliases')
    .select(['name', 'model_id'])
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .orderBy('name')
    .execute();
  return rows.map((row) => ({
    modelId: row.model_id,
    versionId: row.version_id,
    name: row.name,
    ownedBy: row.owned_by,
    createdAt: row.created_at,
    state: row.state,
    manifest: row.manifest,
    sizeBytes: row.manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0),
    aliases: aliases.filter((alias) => alias.model_id === row.model_id).map((alias) => alias.name),
    import: {
      phase: row.phase,
      downloadedBytes: Number(row.downloaded_bytes),
      totalBytes: Number(row.total_bytes),
      bytesPerSecond: Number(row.bytes_per_second),
      attempt: Number(row.attempt),
      error: row.error,
      remedy: row.remedy,
      updatedAt: row.updated_at,
    },
  }));
}
