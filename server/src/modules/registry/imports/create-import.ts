import { SamovarError } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import type { Database, DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { JobKind, JobSender } from '../../../kernel/ports/job-queue.ts';
import type { Sealing } from '../../../kernel/ports/sealing.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { type AuditContext, recordAudit } from '../../audit/index.ts';
import { refuseAliasName } from '../aliases/refuse-alias-name.ts';
import type { LicenseAcceptance } from '../licenses/license-acceptance.ts';
import type { ImportRequest, WantedImport } from './import-request.ts';
import { lockImport } from './import-request-store.ts';
import type { ImportTables } from './import-tables.ts';
import { nameFromSource } from './name-from-source.ts';
import { sealSource, withoutQuerySecrets } from './secret-source.ts';
import { uploadsOf } from './uploaded-source.ts';

export interface ImportAccess {
  readonly database: Database;
  readonly jobs: JobSender;
  /** Seals sources that carry secrets. */
  readonly sealing: Sealing;
}

/** The kind of the jobs that carry import requests out. */
export const runImportJobKind: JobKind = {
  name: 'registry.run-import',
  retryLimit: 10,
  retryDelaySeconds: 5,
  heartbeatSeconds: 10,
};

export interface RunImportPayload extends Scope {
  readonly importId: string;
}

export interface NewImport {
  readonly source: string;
  /** Of the model; from the source when absent. */
  readonly name?: string;
  readonly wanted: WantedImport;
}

const nameForm = /^[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?$/;

/**
 * Accepts the wish for a model: its row, its record and its job in one transaction. Its outcome is read from the row.
 * Secrets in its address are kept apart, sealed, until it has ended. Throws `request.invalid`, `model.source_invalid`
 * for an address with a password, and `request.not_found` for an upload that is none.
 */
export async function createImport(
  { database, jobs, sealing }: ImportAccess,
  context: AuditContext,
  asked: NewImport,
  inTransaction?: (transaction: DatabaseTransaction, request: ImportRequest) => Promise<void>,
): Promise<ImportRequest> {
  const { scope, actor } = context;
  const source = withoutQuerySecrets(asked.source);
  const uploads = await uploadsOf(database, scope, source);
  const modelName = asked.name ?? nameFromSource(uploads?.[0]?.name ?? source);
  if (!nameForm.test(modelName))
    throw new SamovarError('request.invalid', {
      params: {
        parameter: 'name',
        reason:
          'it must have 1 to 128 of the characters a-z, 0-9, `.`, `_` and `-`, and begin and end with a letter or digit',
      },
      field: 'name',
    });
  await refuseAliasName(database, scope, modelName);
  const acceptance: LicenseAcceptance | null =
    asked.wanted.acceptLicense === true ? { by: actor, at: new Date().toISOString(), terms: null } : null;
  const id = newId();
  return await database.transaction().execute(async (transaction) => {
    await transaction
      .withTables<ImportTables>()
      .insertInto('import_requests')
      .values({
        id,
        organization_id: scope.organizationId,
        project_id: scope.projectId,
        source,
        sealed_source: sealSource(sealing, id, asked.source),
        wanted: JSON.stringify(asked.wanted),
        state: 'resolving',
        acceptance: acceptance && JSON.stringify(acceptance),
        model_name: modelName,
        actor: JSON.stringify(actor),
      })
      .execute();
    await recordAudit(transaction, {
      ...context,
      action: 'import.create',
      target: { kind: 'import', id },
      detail: { source, name: modelName },
    });
    const request = await lockImport(transaction, scope, id);
    await queueRun(jobs, transaction, request);
    await inTransaction?.(transaction, request);
    return request;
  });
}

/** Queues the work on a request. A job of an earlier attempt that is just ending is in nobody's way. */
export async function queueRun(
  jobs: JobSender,
  transaction: DatabaseTransaction,
  { organizationId, projectId, id, attempt }: ImportRequest,
): Promise<void> {
  const payload: RunImportPayload = { organizationId, projectId, importId: id };
  await jobs.send(transaction, runImportJobKind.name, payload, { singletonKey: `${id}.${attempt}` });
}
