import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { ObjectStore } from '../../kernel/ports/object-store.ts';
import type { FilePlacer, StoredFile } from '../../kernel/ports/worker-runner.ts';
import { pruneCache } from './prune-cache.ts';

/** Left free on the disk beside the files, or the copy is refused. */
const reserveBytes = 256 * 2 ** 20;
/** Below this much free space, or this part of a small disk, the cache gives up files that nobody needs now. */
const comfortBytes = 2 * 2 ** 30;
const comfortShare = 0.05;

export interface FilePlacerOptions {
  readonly store: ObjectStore;
  readonly cacheFolder: string;
  /** Most bytes that the cache may hold; `null`: as many as the disk takes. */
  readonly cacheBytes: number | null;
  readonly log: Log;
}

/**
 * Files of a local object store are used where they lie; those of a remote one are copied into the cache folder under
 * their SHA-256, checked while they are written, and visible there only when whole. The cache makes room for them by
 * itself: what was not used for longest, and is not needed now, goes first.
 */
export function createFilePlacer(options: FilePlacerOptions): FilePlacer {
  return {
    async place(files, inUse, signal) {
      const placed: Record<string, string> = {};
      const keep = new Set([...files, ...inUse].map((file) => file.sha256));
      for (const file of files) placed[file.name] = await placeOne(options, file, keep, signal);
      return placed;
    },
  };
}

async function placeOne(
  options: FilePlacerOptions,
  file: StoredFile,
  keep: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<string> {
  const { store, cacheFolder } = options;
  const local = store.localPath(file.objectKey);
  if (local !== null) {
    if ((await sizeOf(local)) !== file.sizeBytes)
      throw damaged(file, 'it is missing or has the wrong size in the object store');
    return local;
  }
  const path = join(cacheFolder, file.sha256);
  await mkdir(cacheFolder, { recursive: true });
  const isThere = (await sizeOf(path)) === file.sizeBytes;
  await makeRoom(options, keep, isThere ? 0 : file.sizeBytes);
  if (isThere) {
    const now = new Date();
    await utimes(path, now, now);
    return path;
  }
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

async function makeRoom(
  { cacheFolder, cacheBytes, log }: FilePlacerOptions,
  keep: ReadonlySet<string>,
  incomingBytes: number,
): Promise<void> {
  const disk = await statfs(cacheFolder);
  const minimumFreeBytes = Math.min(comfortBytes, disk.blocks * disk.bsize * comfortShare);
  const removed = await pruneCache(
    cacheFolder,
    { capBytes: cacheBytes, minimumFreeBytes },
    keep,
    incomingBytes,
  );
  if (removed.length > 0) log.info({ removed }, 'removed model files from the cache that nobody needs now');
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
