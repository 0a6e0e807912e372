import type { Page, PageRequest } from '../../../kernel/paging.ts';
import type { DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { AuditContext } from '../../audit/index.ts';
import { type AppendUpload, createAppendUpload } from './append-upload.ts';
import { createUpload } from './create-upload.ts';
import { deleteUpload } from './delete-upload.ts';
import type { NewUpload, Upload } from './upload.ts';
import type { UploadDependencies } from './upload-dependencies.ts';
import { getUpload, listUploads, type UploadFilter, uploadIdOf } from './upload-store.ts';

/** What surfaces do with uploads; ids are as they spell them. All throw `request.not_found`. */
export interface UploadAccess {
  create(
    context: AuditContext,
    wanted: NewUpload,
    inTransaction?: (transaction: DatabaseTransaction, upload: Upload) => Promise<void>,
  ): Promise<Upload>;
  get(scope: Scope, id: string): Promise<Upload>;
  list(scope: Scope, filter: UploadFilter, page: PageRequest): Promise<Page<Upload>>;
  /** Throws `upload.*` besides. */
  append: AppendUpload;
  delete(context: AuditContext, id: string): Promise<void>;
}

export function createUploadAccess(dependencies: UploadDependencies): UploadAccess {
  const append = createAppendUpload(dependencies);
  const { database } = dependencies;
  return {
    create: (context, wanted, inTransaction) => createUpload(dependencies, context, wanted, inTransaction),
    get: async (scope, id) => await getUpload(database, scope, uploadIdOf(id)),
    list: (scope, filter, page) => listUploads(database, scope, filter, page),
    append: async (scope, id, bytes) => await append(scope, uploadIdOf(id), bytes),
    delete: async (context, id) => await deleteUpload(dependencies, context, uploadIdOf(id)),
  };
}
