import { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { JobQueue } from '../../kernel/ports/job-queue.ts';
import { type AuditContext, recordAudit } from '../audit/index.ts';
import { queueImport } from './queue-import.ts';
import type { RegistryTables } from './registry-tables.ts';

/**
 * Asks for the files of a model's newest version; a waiting retry is hastened, and nothing happens when it is ready.
 * Throws `model.not_found`.
 */
export async function requestImport(
  registry: { readonly database: Database; readonly queue: JobQueue },
  context: AuditContext,
  name: string,
): Promise<void> {
  await registry.database.transaction().execute(async (transaction) => {
    const version = await transaction
      .withTables<RegistryTables>()
      .selectFrom('model_versions as v')
      .innerJoin('models as m', 'm.id', 'v.model_id')
      .select(['v.id', 'v.state'])
      .where('m.organization_id', '=', context.scope.organizationId)
      .where('m.project_id', '=', context.scope.projectId)
      .where('m.name', '=', name)
      .orderBy('v.id', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (!version) throw new SamovarError('model.not_found', { params: { model: name } });
    if (version.state === 'ready') return;
    await queueImport(registry.queue, transaction, context.scope, version.id);
    await recordAudit(transaction, {
      ...context,
      action: 'model.request-import',
      target: { kind: 'model-version', id: version.id },
      detail: { name },
    });
  });
}
