import { SamovarError } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import type { DatabaseTransaction } from '../../../kernel/ports/database.ts';
import { type AuditContext, recordAudit } from '../../audit/index.ts';
import type { RegistryTables } from '../registry-tables.ts';
import { refuseFullStore, refuseOtherSize } from './refuse-upload.ts';
import type { NewUpload, Upload } from './upload.ts';
import type { UploadDependencies } from './upload-dependencies.ts';
import { lockUpload } from './upload-store.ts';

/**
 * Begins an upload; its bytes come with `appendUpload`. `inTransaction` is called before the commit. Throws
 * `upload.too_large`, `upload.no_space`, `upload.size_mismatch`.
 */
export async function createUpload(
  dependencies: UploadDependencies,
  context: AuditContext,
  wanted: NewUpload,
  inTransaction?: (transaction: DatabaseTransaction, upload: Upload) => Promise<void>,
): Promise<Upload> {
  const { scope } = context;
  const { database, clock, uploadHours, uploadLimitBytes: limitBytes } = dependencies;
  const { name, sizeBytes } = wanted;
  if (sizeBytes > limitBytes)
    throw new SamovarError('upload.too_large', { params: { name, sizeBytes, limitBytes } });
  const freeBytes = await (await dependencies.objectStore()).freeBytes();
  return await database.transaction().execute(async (transaction) => {
    await refuseOtherSize(transaction, scope, wanted);
    if (freeBytes !== null) await refuseFullStore(transaction, wanted, freeBytes);
    const id = newId();
    await transaction
      .withTables<RegistryTables>()
      .insertInto('uploads')
      .values({
        id,
        organization_id: scope.organizationId,
        project_id: scope.projectId,
        name: wanted.name,
        size_bytes: wanted.sizeBytes,
        sha256: wanted.sha256,
        state: 'receiving',
        created_by: context.actor.id,
        expires_at: expiry(clock.now(), uploadHours),
      })
      .execute();
    await recordAudit(transaction, {
      ...context,
      action: 'upload.create',
      target: { kind: 'upload', id },
      detail: { name: wanted.name, sizeBytes: wanted.sizeBytes },
    });
    const upload = await lockUpload(transaction, scope, id);
    await inTransaction?.(transaction, upload);
    return upload;
  });
}

export function expiry(now: number, hours: number): Date {
  return new Date(now + hours * 3_600_000);
}
