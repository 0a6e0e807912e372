import { createHash, randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { SamovarError } from '../../../kernel/errors.ts';
import { withPrefix } from '../../../kernel/ids.ts';
import type { DatabaseOrTransaction } from '../../../kernel/ports/database.ts';
import type { FetchedFile, FetchOptions } from '../../../kernel/ports/model-source.ts';
import type { ObjectStore } from '../../../kernel/ports/object-store.ts';
import type { Upload } from './upload.ts';
import { selectParts } from './upload-store.ts';

export interface UploadedFiles {
  readonly database: DatabaseOrTransaction;
  readonly objectStore: ObjectStore;
}

/**
 * Puts a whole upload at `target` as one file, its digest checked once more: what lies in the object store may have
 * changed since. Throws `upload.incomplete`, `upload.digest_mismatch`.
 */
export async function copyUpload(
  { database, objectStore }: UploadedFiles,
  upload: Upload,
  target: string,
  { signal, onProgress }: FetchOptions,
): Promise<FetchedFile> {
  if (upload.state !== 'complete')
    throw new SamovarError('upload.incomplete', {
      params: {
        id: withPrefix('upl', upload.id),
        received: upload.receivedBytes,
        sizeBytes: upload.sizeBytes,
      },
    });
  const hash = createHash('sha256');
  // Of an attempt that was overtaken another writer may still be there.
  const temporary = `${target}.joining-${randomUUID()}`;
  const handle = await open(temporary, 'wx');
  let written = 0;
  try {
    for (const part of await selectParts(database, upload))
      for await (const chunk of (await objectStore.get(part.objectKey)) as AsyncIterable<Buffer>) {
        signal.throwIfAborted();
        hash.update(chunk);
        await handle.write(chunk);
        written += chunk.length;
        onProgress(written);
      }
    await handle.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  const sha256 = hash.digest('hex');
  if (sha256 !== upload.sha256 || written !== upload.sizeBytes) {
    await rm(temporary, { force: true });
    throw new SamovarError('upload.digest_mismatch', {
      params: { id: withPrefix('upl', upload.id), found: sha256, announced: upload.sha256 ?? '' },
    });
  }
  await rename(temporary, target);
  return { path: upload.name, sizeBytes: written, sha256 };
}
