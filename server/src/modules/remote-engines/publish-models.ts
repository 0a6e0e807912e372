import type { ConfigVersion } from '../../kernel/ports/config-version.ts';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { AuditContext } from '../audit/index.ts';
import { findCurrentVersion, publishVersion } from '../registry/index.ts';
import { selectModelsNamed } from './model-rows.ts';
import { remoteManifest, saysTheSame, sharedFacts } from './remote-manifest.ts';
import type { RemoteTables } from './remote-tables.ts';

/**
 * Makes what a name means fit what engines serve under it now. A model that none serves any more keeps its version.
 */
export async function publishModel(
  transaction: DatabaseTransaction,
  configVersion: ConfigVersion,
  context: AuditContext,
  name: string,
): Promise<void> {
  const { scope } = context;
  const models = await selectModelsNamed(transaction, scope, name);
  const facts = sharedFacts(models.filter(({ joinedVersionId }) => joinedVersionId === null));
  if (facts === null) return;
  const current = await findCurrentVersion(transaction, scope, name);
  const revision = Number(current?.manifest.engineOptions.revision ?? 0) + 1;
  const manifest = remoteManifest(name, facts, revision);
  if (current && (current.manifest.engine !== 'remote' || saysTheSame(current.manifest, manifest))) return;
  const { versionId } = await publishVersion(transaction, configVersion, context, manifest);
  await transaction
    .withTables<RemoteTables>()
    .insertInto('remote_versions')
    .values({
      organization_id: scope.organizationId,
      project_id: scope.projectId,
      version_id: versionId,
      model_name: name,
      upstream_names: [...facts.upstreamNames],
    })
    .onConflict((conflict) => conflict.column('version_id').doNothing())
    .execute();
}
