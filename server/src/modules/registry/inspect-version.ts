import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Inspection, ModelInspector } from '../../kernel/ports/model-inspector.ts';
import type { ObjectStore } from '../../kernel/ports/object-store.ts';
import { modelFileKey } from './get-version-files.ts';
import type { StartedImport } from './import-store.ts';
import { bringFromStore, placeOf, refuseFullDisk } from './imports/import-folder.ts';

export interface VersionInspection {
  readonly objectStore: ObjectStore;
  readonly inspector: ModelInspector;
  readonly downloadsFolder: string;
  /** Bytes that may still be written to the disk of a folder. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

/**
 * Looks into the stored files of a version that somebody declared, as imports do: that a file has the digest that its
 * own manifest names says nothing of what it is. Throws `model.refused`, and `setup.disk_full` where files must be
 * copied from the store and do not fit.
 */
export async function inspectVersion(
  { objectStore, inspector, downloadsFolder, freeBytes }: VersionInspection,
  { versionId, attempt, manifest }: StartedImport,
  signal: AbortSignal,
): Promise<Inspection> {
  const folders = join(downloadsFolder, 'inspections', versionId);
  const folder = join(folders, attempt);
  // What an attempt has left that was killed.
  await rm(folders, { recursive: true, force: true });
  try {
    const copied = manifest.files.filter(
      ({ sha256 }) => objectStore.localPath(modelFileKey(sha256)) === null,
    );
    const missing = copied.map(({ name, sizeBytes, sha256 }) => ({ path: name, sizeBytes, sha256 }));
    await refuseFullDisk(folder, missing, freeBytes);
    for (const { name, sha256 } of manifest.files)
      await bringFromStore(objectStore, modelFileKey(sha256), placeOf(folder, name), signal);
    return await inspector.inspect(
      folder,
      manifest.files.map(({ name }) => name),
      signal,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
