import { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { JobSender } from '../../kernel/ports/job-queue.ts';
import { type AuditContext, recordAudit } from '../audit/index.ts';
import { queueImport } from './queue-import.ts';
import type { RegistryTables } from './registry-tables.ts';

export interface ImportRequests {
  readonly database: Database;
  readonly jobs: JobSender;
}

/**
 * An operator's wish for the files of a version: they are fetched now, also when an earlier import has given up or
 * pauses before its next attempt. Changes nothing for a version that is ready or being fetched. Throws
 * `model.not_found` outside the context's scope.
 */
export async function requestImport(
  { database, jobs }: ImportRequests,
  context: AuditContext,
  versionId: string,
): Promise<void> {
  const { scope } = context;
  await database.transaction().execute(async (transaction) => {
    const version = await transaction
      .withTables<RegistryTables>()
      .selectFrom('model_versions')
      .select('state')
      .where('id', '=', versionId)
      .where('organization_id', '=', scope.organizationId)
      .where('project_id', '=', scope.projectId)
      .forUpdate()
      .executeTakeFirst();
    if (version === undefined) throw new SamovarError('model.not_found', { params: { model: versionId } });
    if (version.state === 'ready') return;
    await queueImport(jobs, transaction, scope, versionId);
    await recordAudit(transaction, {
      ...context,
      action: 'model.import-request',
      target: { kind: 'model-version', id: versionId },
    });
  });
}
