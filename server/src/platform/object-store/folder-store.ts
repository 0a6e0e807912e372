import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, opendir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ObjectInfo, ObjectStore } from '../../kernel/ports/object-store.ts';
import { checkStore } from './check-store.ts';
import { exactBytes } from './exact-bytes.ts';
import { checkObjectKey } from './object-key.ts';
import { removeIdleFiles } from './remove-idle-files.ts';
import { signUrl, type UrlSigner } from './signed-url.ts';

export interface FolderStoreOptions extends UrlSigner {
  /** Absolute path; made when missing. */
  readonly root: string;
}

/** No key begins with a dot, so unfinished objects are never listed or read. */
const incomingFolder = '.incoming';

/** Objects as files of one folder. An object appears whole, by a rename after its bytes are on the disk. */
export function createFolderStore(options: FolderStoreOptions): ObjectStore {
  const { root } = options;
  const pathOf = (key: string): string => {
    checkObjectKey(key);
    return join(root, key);
  };

  const store: Omit<ObjectStore, 'check'> = {
    async put(key, body, sizeBytes) {
      const target = pathOf(key);
      const temporary = join(root, incomingFolder, randomUUID());
      await mkdir(dirname(temporary), { recursive: true });
      await mkdir(dirname(target), { recursive: true });
      try {
        const handle = await open(temporary, 'wx');
        await pipeline(exactBytes(body, sizeBytes), handle.createWriteStream({ flush: true }));
        await rename(temporary, target);
        await syncFolder(dirname(target));
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
    async adopt(key, path, sizeBytes) {
      const target = pathOf(key);
      await mkdir(dirname(target), { recursive: true });
      if (await move(path, target, sizeBytes)) await syncFolder(dirname(target));
      else await store.put(key, createReadStream(path), sizeBytes);
    },
    async get(key, offset = 0) {
      const handle = await open(pathOf(key));
      return handle.createReadStream({ start: offset });
    },
    async head(key) {
      const found = await statFile(pathOf(key));
      return found === null ? null : { key, sizeBytes: found };
    },
    list: (prefix) => listFolder(root, prefix),
    async delete(key) {
      await rm(pathOf(key), { force: true });
    },
    async signedUrl(key, action, expiresSeconds) {
      checkObjectKey(key);
      return signUrl(options, key, action, Math.floor(Date.now() / 1000) + expiresSeconds);
    },
    localPath: pathOf,
    async freeBytes() {
      await mkdir(root, { recursive: true });
      const disk = await statfs(root);
      return disk.bavail * disk.bsize;
    },
    // They are called like no key: only this store puts anything there.
    removeUnfinished: (_prefixes, idleHours) => removeIdleFiles(join(root, incomingFolder), idleHours),
  };
  return { ...store, check: () => checkStore(store, root) };
}

/** Renames a file that is on the disk whole; false where it lies on another disk. */
async function move(path: string, target: string, sizeBytes: number): Promise<boolean> {
  const handle = await open(path, 'r+');
  try {
    const { size } = await handle.stat();
    if (size !== sizeBytes) throw new Error(`${path} has ${size} bytes instead of ${sizeBytes}`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await rename(path, target);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EXDEV') return false;
    throw error;
  }
}

async function statFile(path: string): Promise<number | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function* listFolder(root: string, prefix: string): AsyncGenerator<ObjectInfo> {
  // Only the folder that the prefix names needs to be walked.
  const start = prefix.includes('/') ? prefix.slice(0, prefix.lastIndexOf('/')) : '';
  if (start !== '') checkObjectKey(start);
  yield* walk(root, start, prefix);
}

async function* walk(root: string, folder: string, prefix: string): AsyncGenerator<ObjectInfo> {
  let entries: { name: string; isFolder: boolean }[];
  try {
    entries = [];
    for await (const entry of await opendir(join(root, folder)))
      entries.push({ name: entry.name, isFolder: entry.isDirectory() });
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const key = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.name.startsWith('.')) continue;
    if (entry.isFolder) yield* walk(root, key, prefix);
    else if (key.startsWith(prefix)) {
      const sizeBytes = await statFile(join(root, key));
      // Deleted since it was listed.
      if (sizeBytes !== null) yield { key, sizeBytes };
    }
  }
}

/** Makes a rename survive a power cut, where the system can sync folders. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
