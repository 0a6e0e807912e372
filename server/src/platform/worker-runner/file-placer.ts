import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SamovarError } from '../../kernel/errors.ts';
import type { ObjectStore } from '../../kernel/ports/object-store.ts';
import type { FilePlacer, StoredFile } from '../../kernel/ports/worker-runner.ts';

/** Left free on the disk beside the files. */
const reserveBytes = 256 * 2 ** 20;

/**
 * Files of a local object store are used where they lie; those of a remote one are copied into the cache folder under
 * their SHA-256, checked while they are written, and visible there only when whole.
 */
export function createFilePlacer(store: ObjectStore, cacheFolder: string): FilePlacer {
  return {
    async place(files, signal) {
      const placed: Record<string, string> = {};
      for (const file of files) placed[file.name] = await placeOne(store, cacheFolder, file, signal);
      return placed;
    },
  };
}

async function placeOne(
  store: ObjectStore,
  cacheFolder: string,
  file: StoredFile,
  signal: AbortSignal,
): Promise<string> {
  const local = store.localPath(file.objectKey);
  if (local !== null) {
    if ((await sizeOf(local)) !== file.sizeBytes)
      throw damaged(file, 'it is missing or has the wrong size in the object store');
    return local;
  }
  const path = join(cacheFolder, file.sha256);
  if ((await sizeOf(path)) === file.sizeBytes) return path;
  await mkdir(cacheFolder, { recursive: true });
  await refuseFullDisk(cacheFolder, file.sizeBytes);
  const unfinished = `${path}.${randomUUID()}.part`;
  try {
    const digest = createHash('sha256');
    const hashing = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        digest.update(chunk);
        done(null, chunk);
      },
    });
    await pipeline(await store.get(file.objectKey), hashing, createWriteStream(unfinished, { flush: true }), {
      signal,
    });
    const found = digest.digest('hex');
    if (found !== file.sha256) throw damaged(file, `its SHA-256 is ${found} instead of ${file.sha256}`);
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
  return path;
}

function damaged(file: StoredFile, reason: string): SamovarError {
  return new SamovarError('model.file_damaged', { params: { file: file.name, reason } });
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function refuseFullDisk(folder: string, neededBytes: number): Promise<void> {
  const disk = await statfs(folder);
  const freeBytes = disk.bavail * disk.bsize;
  if (freeBytes >= neededBytes + reserveBytes) return;
  const megabytes = (bytes: number) => Math.floor(bytes / 2 ** 20);
  throw new SamovarError('setup.disk_full', {
    params: {
      path: folder,
      freeMegabytes: megabytes(freeBytes),
      neededMegabytes: megabytes(neededBytes + reserveBytes),
    },
  });
}
