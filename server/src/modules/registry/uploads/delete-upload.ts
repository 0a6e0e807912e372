import type { Database } from '../../../kernel/ports/database.ts';
import type { ObjectStore } from '../../../kernel/ports/object-store.ts';
import { type AuditContext, recordAudit } from '../../audit/index.ts';
import type { RegistryTables } from '../registry-tables.ts';
import { type Upload, uploadPrefix } from './upload.ts';
import type { UploadDependencies } from './upload-dependencies.ts';
import { lockUpload } from './upload-store.ts';

/** Gives an upload up: its parts are removed. Throws `request.not_found`. */
export async function deleteUpload(
  { database, objectStore }: UploadDependencies,
  context: AuditContext,
  id: string,
): Promise<void> {
  const upload = await database.transaction().execute(async (transaction) => {
    const found = await lockUpload(transaction, context.scope, id);
    await recordAudit(transaction, { ...context, action: 'upload.delete', target: { kind: 'upload', id } });
    return found;
  });
  await forgetUpload(database, await objectStore(), upload);
}

/** The parts first: what a lost process leaves behind is found again by the row. */
export async function forgetUpload(
  database: Database,
  store: ObjectStore,
  upload: Pick<Upload, 'id' | 'projectId'>,
): Promise<void> {
  for await (const { key } of store.list(uploadPrefix(upload.id))) await store.delete(key);
  await database
    .withTables<RegistryTables>()
    .deleteFrom('uploads')
    .where('id', '=', upload.id)
    .where('project_id', '=', upload.projectId)
    .execute();
}
