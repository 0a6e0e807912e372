import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { sql } from 'kysely';
import { SamovarError } from '../../../kernel/errors.ts';
import { withoutPrefix } from '../../../kernel/ids.ts';
import type { DatabaseOrTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { VersionState } from '../model-version.ts';
import type { RegistryTables } from '../registry-tables.ts';

/** One of a model's versions. */
export interface ModelVersion {
  readonly versionId: string;
  readonly modelId: string;
  readonly modelName: string;
  /** SHA-256 of the manifest. */
  readonly digest: string;
  readonly manifest: ModelManifest;
  readonly state: VersionState;
  /** What the model's name means. */
  readonly current: boolean;
  readonly createdAt: Date;
  readonly readyAt: Date | null;
  readonly archivedAt: Date | null;
  /** Names of aliases that point at this very version. */
  readonly aliases: readonly string[];
}

/** The versions of a model, what its name means first. Empty where there is no such model. */
export async function listVersions(
  database: DatabaseOrTransaction,
  scope: Scope,
  modelName: string,
): Promise<readonly ModelVersion[]> {
  const tables = database.withTables<RegistryTables>();
  const rows = await tables
    .selectFrom('model_versions as v')
    .innerJoin('models as m', 'm.id', 'v.model_id')
    .select(['v.id', 'v.model_id', 'm.name', 'v.manifest_sha256', 'v.manifest', 'v.state'])
    .select(['v.created_at', 'v.ready_at', 'v.archived_at'])
    .where('m.organization_id', '=', scope.organizationId)
    .where('m.project_id', '=', scope.projectId)
    .where('m.name', '=', modelName)
    .orderBy(sql`(v.state = 'ready' and v.archived_at is null)`, 'desc')
    .orderBy(
      sql`case when v.state = 'ready' then coalesce(v.current_since, v.ready_at, v.created_at) end desc nulls last`,
    )
    .orderBy('v.id', 'desc')
    .execute();
  const aliases = await tables
    .selectFrom('model_aliases')
    .select(['name', 'version_id'])
    .where('project_id', '=', scope.projectId)
    .where('version_id', 'is not', null)
    .orderBy('name')
    .execute();
  return rows.map((row, index) => ({
    versionId: row.id,
    modelId: row.model_id,
    modelName: row.name,
    digest: row.manifest_sha256,
    manifest: row.manifest,
    state: row.state,
    current: index === 0,
    createdAt: row.created_at,
    readyAt: row.ready_at,
    archivedAt: row.archived_at,
    aliases: aliases.filter(({ version_id }) => version_id === row.id).map(({ name }) => name),
  }));
}

/** A version by its id as surfaces spell it, or by its number from the top: `latest`. Throws `request.not_found`. */
export async function getVersion(
  database: DatabaseOrTransaction,
  scope: Scope,
  { model, version }: { readonly model: string; readonly version: string },
): Promise<ModelVersion> {
  const versions = await listVersions(database, scope, model);
  const id = withoutPrefix('ver', version);
  const found = version === 'latest' ? versions[0] : versions.find(({ versionId }) => versionId === id);
  if (found) return found;
  throw new SamovarError('request.not_found', {
    params: { kind: `version of the model ${model.slice(0, 128)}`, id: version.slice(0, 128) },
  });
}
