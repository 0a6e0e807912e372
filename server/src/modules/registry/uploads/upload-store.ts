import { type Selectable, sql } from 'kysely';
import { SamovarError } from '../../../kernel/errors.ts';
import { withoutPrefix, withPrefix } from '../../../kernel/ids.ts';
import { idOfCursor, type Page, type PageRequest, pageOf } from '../../../kernel/paging.ts';
import type { DatabaseOrTransaction, DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { RegistryTables } from '../registry-tables.ts';
import type { Upload, UploadPart } from './upload.ts';

/** The bare id of an upload as surfaces spell it. Throws `request.not_found`. */
export function uploadIdOf(text: string): string {
  const id = withoutPrefix('upl', text);
  if (id === null) throw uploadNotFound(text);
  return id;
}

function uploadNotFound(id: string): SamovarError {
  return new SamovarError('request.not_found', { params: { kind: 'upload', id: id.slice(0, 256) } });
}

/** Throws `request.not_found`. */
export async function getUpload(database: DatabaseOrTransaction, scope: Scope, id: string): Promise<Upload> {
  const row = await inScope(database, scope).where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw uploadNotFound(withPrefix('upl', id));
  return uploadOf(row);
}

/** The same, locked until the transaction ends. */
export async function lockUpload(
  transaction: DatabaseTransaction,
  scope: Scope,
  id: string,
): Promise<Upload> {
  const row = await inScope(transaction, scope).where('id', '=', id).forUpdate().executeTakeFirst();
  if (row === undefined) throw uploadNotFound(withPrefix('upl', id));
  return uploadOf(row);
}

/** What is absent does not matter. */
export interface UploadFilter {
  readonly state?: Upload['state'];
}

/** The uploads of a project, newest first. Throws `request.invalid` for a cursor that is none of this listing. */
export async function listUploads(
  database: DatabaseOrTransaction,
  scope: Scope,
  filter: UploadFilter,
  page: PageRequest,
): Promise<Page<Upload>> {
  const before = idOfCursor('upl', page);
  let query = inScope(database, scope)
    .orderBy('id', 'desc')
    .limit(page.limit + 1);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (before !== null) query = query.where('id', '<', before);
  return pageOf((await query.execute()).map(uploadOf), page, ({ id }) => withPrefix('upl', id));
}

/** A whole upload of the project with these bytes. */
export async function findCompleteUpload(
  database: DatabaseOrTransaction,
  scope: Scope,
  file: { readonly sha256: string; readonly sizeBytes: number },
): Promise<Upload | null> {
  const row = await inScope(database, scope)
    .where('state', '=', 'complete')
    .where('sha256', '=', file.sha256)
    .where('size_bytes', '=', String(file.sizeBytes))
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : uploadOf(row);
}

/** Whole uploads of the project with the bytes of any of these files. */
export async function findCompleteUploads(
  database: DatabaseOrTransaction,
  scope: Scope,
  files: readonly { readonly sha256: string }[],
): Promise<readonly Upload[]> {
  if (files.length === 0) return [];
  const rows = await inScope(database, scope)
    .where('state', '=', 'complete')
    .where('sha256', '=', sql<string>`any (${files.map(({ sha256 }) => sha256)}::text[])`)
    .execute();
  return rows.map(uploadOf);
}

/** The parts of an upload in the order of their bytes. */
export async function selectParts(
  database: DatabaseOrTransaction,
  upload: Pick<Upload, 'id' | 'projectId'>,
): Promise<readonly UploadPart[]> {
  const rows = await database
    .withTables<RegistryTables>()
    .selectFrom('upload_parts')
    .selectAll()
    .where('upload_id', '=', upload.id)
    .where('project_id', '=', upload.projectId)
    .orderBy('offset_bytes')
    .execute();
  return rows.map((row) => ({
    offsetBytes: Number(row.offset_bytes),
    sizeBytes: Number(row.size_bytes),
    objectKey: row.object_key,
  }));
}

function inScope(database: DatabaseOrTransaction, scope: Scope) {
  return database
    .withTables<RegistryTables>()
    .selectFrom('uploads')
    .selectAll()
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId);
}

export function uploadOf(row: Selectable<RegistryTables['uploads']>): Upload {
  return {
    id: row.id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    name: row.name,
    sizeBytes: Number(row.size_bytes),
    sha256: row.sha256,
    receivedBytes: Number(row.received_bytes),
    state: row.state,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
