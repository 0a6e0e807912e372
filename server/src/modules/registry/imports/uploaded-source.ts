import { SamovarError } from '../../../kernel/errors.ts';
import { withPrefix } from '../../../kernel/ids.ts';
import type { Database, DatabaseOrTransaction } from '../../../kernel/ports/database.ts';
import type { ResolvedSource } from '../../../kernel/ports/model-source.ts';
import type { ObjectStore } from '../../../kernel/ports/object-store.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { forgetUpload } from '../uploads/delete-upload.ts';
import type { Upload } from '../uploads/upload.ts';
import { getUpload, uploadIdOf } from '../uploads/upload-store.ts';

const scheme = 'upload:';

export function isUploaded(source: string): boolean {
  return source.startsWith(scheme);
}

/**
 * The uploads that `upload:<id>,<id>…` names, in this order; `null` for any other source. Throws
 * `model.source_invalid`, and `request.not_found` for one that the project does not have.
 */
export async function uploadsOf(
  database: DatabaseOrTransaction,
  scope: Scope,
  source: string,
): Promise<readonly Upload[] | null> {
  if (!isUploaded(source)) return null;
  const ids = source
    .slice(scheme.length)
    .split(',')
    .map((id) => uploadIdOf(id.trim()));
  const uploads: Upload[] = [];
  for (const id of new Set(ids)) uploads.push(await getUpload(database, scope, id));
  const names = new Set(uploads.map(({ name }) => name));
  if (names.size < uploads.length)
    throw new SamovarError('model.source_invalid', {
      params: { source, reason: 'two of the uploads have the same name' },
    });
  return uploads;
}

/** What uploads are to an import. Throws `upload.incomplete` for one whose bytes have not all come. */
export function resolvedUploads(source: string, uploads: readonly Upload[]): ResolvedSource {
  for (const upload of uploads)
    if (upload.state !== 'complete')
      throw new SamovarError('upload.incomplete', {
        params: {
          id: withPrefix('upl', upload.id),
          received: upload.receivedBytes,
          sizeBytes: upload.sizeBytes,
        },
      });
  return {
    uri: source,
    revision: null,
    files: uploads.map(({ name, sizeBytes, sha256 }) => ({ path: name, sizeBytes, sha256 })),
    license: null,
    notes: [],
    alternatives: [],
  };
}

/** Removes uploads whose files have become a model's. One that is gone already is no fault: an earlier attempt was here. */
export async function forgetUploads(
  { database, objectStore }: { readonly database: Database; readonly objectStore: ObjectStore },
  scope: Scope,
  source: string,
): Promise<void> {
  for (const id of source.slice(scheme.length).split(','))
    await forgetUpload(database, objectStore, { id: uploadIdOf(id.trim()), projectId: scope.projectId });
}
