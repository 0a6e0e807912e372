import { SamovarError } from '../../../kernel/errors.ts';
import type { Database } from '../../../kernel/ports/database.ts';
import type { SourceLicense } from '../../../kernel/ports/model-source.ts';
import { recordAudit } from '../../audit/index.ts';
import type { StartedImport } from '../import-store.ts';
import type { RegistryTables } from '../registry-tables.ts';
import { acceptedLicenses, rememberAcceptance } from './license-acceptances.ts';

/**
 * Throws `model.license_unaccepted` unless the project has accepted these terms for the model, or whoever declared the
 * version has accepted them beforehand: then it is recorded which they are.
 */
export async function requireAcceptance(
  database: Database,
  { versionId, manifest: { name }, ...scope }: StartedImport,
  terms: SourceLicense,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    if ((await acceptedLicenses(transaction, scope, [name])).get(name)?.has(terms.id)) return;
    const { acceptance } = await transaction
      .withTables<RegistryTables>()
      .selectFrom('model_imports')
      .select('acceptance')
      .where('version_id', '=', versionId)
      .where('project_id', '=', scope.projectId)
      .executeTakeFirstOrThrow();
    if (acceptance === null)
      throw new SamovarError('model.license_unaccepted', {
        params: { model: name, license: terms.id, url: terms.url ?? '' },
      });
    await rememberAcceptance(transaction, scope, name, { ...acceptance, terms });
    await recordAudit(transaction, {
      scope: { organizationId: scope.organizationId, projectId: scope.projectId },
      actor: acceptance.by,
      requestId: null,
      action: 'model.accept-license',
      target: { kind: 'model-version', id: versionId },
      detail: { name, terms },
    });
  });
}
