import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { sql } from 'kysely';
import { SamovarError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { ConfigVersion } from '../../kernel/ports/config-version.ts';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import { type AuditContext, recordAudit } from '../audit/index.ts';
import { modelFileKey } from './get-version-files.ts';
import { manifestDigest } from './manifest-digest.ts';
import { insertModel, insertVersion } from './model-store.ts';
import { lockObject } from './objects/claim-objects.ts';
import type { RegistryTables } from './registry-tables.ts';

export interface PublishedVersion {
  readonly modelId: string;
  readonly versionId: string;
  /** False: the model had a ready version with this very manifest. */
  readonly changed: boolean;
}

/**
 * Makes a version whose files are all in the object store (or that has none: a remote one) the newest ready version
 * of its model, which is made when there is none. Publishing the same manifest again changes nothing. Throws
 * `registry.file_busy` where a file is being collected: one that was not claimed (`claimObjects`) before it was found.
 */
export async function publishVersion(
  transaction: DatabaseTransaction,
  configVersion: ConfigVersion,
  context: AuditContext,
  manifest: ModelManifest,
): Promise<PublishedVersion> {
  const { scope } = context;
  for (const sha256 of manifest.files.map((file) => file.sha256).sort())
    if (!(await lockObject(transaction, sha256)))
      throw new SamovarError('registry.file_busy', {
        params: { model: manifest.name },
        retryAfterSeconds: 60,
      });
  const modelId = await insertModel(transaction, scope, manifest.name);
  const { versionId, state } = await insertVersion(transaction, scope, {
    versionId: newId(),
    modelId,
    manifest,
    manifestSha256: manifestDigest(manifest),
  });
  if (state === 'ready') return { modelId, versionId, changed: false };
  const tables = transaction.withTables<RegistryTables>();
  for (const { name, sha256 } of manifest.files)
    await tables
      .updateTable('model_files')
      .set({ object_key: modelFileKey(sha256) })
      .where('version_id', '=', versionId)
      .where('project_id', '=', scope.projectId)
      .where('name', '=', name)
      .execute();
  await tables
    .updateTable('model_versions')
    .set({ state: 'ready', ready_at: sql<Date>`now()` })
    .where('id', '=', versionId)
    .where('project_id', '=', scope.projectId)
    .execute();
  await tables
    .updateTable('model_imports')
    .set({ phase: 'done', error: null, remedy: null, failure: null, updated_at: sql`now()` })
    .where('version_id', '=', versionId)
    .where('project_id', '=', scope.projectId)
    .execute();
  await recordAudit(transaction, {
    ...context,
    action: 'model.publish',
    target: { kind: 'model-version', id: versionId },
    detail: { name: manifest.name },
  });
  await configVersion.bump(transaction);
  return { modelId, versionId, changed: true };
}
