import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { newId } from '../../kernel/ids.ts';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { VersionState } from './model-version.ts';
import type { RegistryTables } from './registry-tables.ts';

/** The id of the project's model of this name, made when there was none. */
export async function insertModel(
  transaction: DatabaseTransaction,
  scope: Scope,
  name: string,
): Promise<string> {
  const tables = transaction.withTables<RegistryTables>();
  const inserted = await tables
    .insertInto('models')
    .values({ id: newId(), ...columnsOf(scope), name, owned_by: 'samovar' })
    .onConflict((conflict) => conflict.columns(['project_id', 'name']).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (inserted) return inserted.id;
  const found = await tables
    .selectFrom('models')
    .select('id')
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  return found.id;
}

export interface NewVersion {
  readonly versionId: string;
  readonly modelId: string;
  readonly manifest: ModelManifest;
  readonly manifestSha256: string;
}

export interface StoredVersion {
  readonly versionId: string;
  readonly state: VersionState;
  readonly inserted: boolean;
}

/**
 * Writes a version with its files and its import row; finds the one with the same manifest when there is one, also
 * where another transaction has just written it.
 */
export async function insertVersion(
  transaction: DatabaseTransaction,
  scope: Scope,
  version: NewVersion,
): Promise<StoredVersion> {
  const found = await findVersion(transaction, scope, version);
  if (found) return found;
  const tables = transaction.withTables<RegistryTables>();
  const { numInsertedOrUpdatedRows: inserted } = await tables
    .insertInto('model_versions')
    .values({
      id: version.versionId,
      ...columnsOf(scope),
      model_id: version.modelId,
      manifest_sha256: version.manifestSha256,
      manifest: JSON.stringify(version.manifest),
      state: 'registered',
    })
    // Waits for whoever writes the same at this moment.
    .onConflict((conflict) => conflict.columns(['model_id', 'manifest_sha256']).doNothing())
    .executeTakeFirstOrThrow();
  if (inserted === 0n) {
    const other = await findVersion(transaction, scope, version);
    if (other) return other;
    throw new Error('a version was written at the same time, and deleted before it could be read');
  }
  const files = version.manifest.files.map((file) => ({
    ...columnsOf(scope),
    version_id: version.versionId,
    name: file.name,
    size_bytes: file.sizeBytes,
    sha256: file.sha256,
  }));
  if (files.length > 0) await tables.insertInto('model_files').values(files).execute();
  await tables
    .insertInto('model_imports')
    .values({ ...columnsOf(scope), version_id: version.versionId })
    .execute();
  return { versionId: version.versionId, state: 'registered', inserted: true };
}

async function findVersion(
  transaction: DatabaseTransaction,
  scope: Scope,
  { modelId, manifestSha256 }: NewVersion,
): Promise<StoredVersion | null> {
  const found = await transaction
    .withTables<RegistryTables>()
    .selectFrom('model_versions')
    .select(['id', 'state'])
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('model_id', '=', modelId)
    .where('manifest_sha256', '=', manifestSha256)
    .executeTakeFirst();
  return found ? { versionId: found.id, state: found.state, inserted: false } : null;
}

function columnsOf(scope: Scope): { organization_id: string; project_id: string } {
  return { organization_id: scope.organizationId, project_id: scope.projectId };
}
