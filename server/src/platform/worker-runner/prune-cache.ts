import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

export interface CachePolicy {
  /** Most bytes that the cache may hold; `null`: as many as the disk takes. */
  readonly capBytes: number | null;
  /** Left free on the disk. */
  readonly minimumFreeBytes: number;
}

interface CachedFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly usedAtMs: number;
}

const wholeFile = /^[0-9a-f]{64}$/;
const unfinishedFile = /^[0-9a-f]{64}\.[0-9a-f-]{36}\.part$/;
/** A copy that nothing was written to for this long belongs to a process that was killed. */
const abandonedMs = 3_600_000;

/**
 * Removes the least recently used files of a model cache until `incomingBytes` more fit under the policy, but none
 * of `keep` (SHA-256) and nothing that is not named as the cache names its files. Returns the removed paths. What
 * still does not fit then is for the caller to refuse.
 */
export async function pruneCache(
  folder: string,
  policy: CachePolicy,
  keep: ReadonlySet<string>,
  incomingBytes: number,
): Promise<string[]> {
  const removed: string[] = [];
  const names = await readdir(folder);
  for (const { path, usedAtMs } of await facts(folder, names, unfinishedFile))
    if (Date.now() - usedAtMs > abandonedMs) removed.push(await remove(path));
  const files = await facts(folder, names, wholeFile);
  const disk = await statfs(folder);
  let freeBytes = disk.bavail * disk.bsize - incomingBytes;
  let heldBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0) + incomingBytes;
  const isShort = () =>
    freeBytes < policy.minimumFreeBytes || (policy.capBytes !== null && heldBytes > policy.capBytes);
  const candidates = files
    .filter(({ path }) => !keep.has(path.slice(-64)))
    .toSorted((a, b) => a.usedAtMs - b.usedAtMs);
  // What cannot fit at all does not empty the cache for nothing.
  if (freeBytes + candidates.reduce((sum, file) => sum + file.sizeBytes, 0) < 0) return removed;
  for (const { path, sizeBytes } of candidates) {
    if (!isShort()) break;
    removed.push(await remove(path));
    freeBytes += sizeBytes;
    heldBytes -= sizeBytes;
  }
  return removed;
}

async function facts(folder: string, names: readonly string[], form: RegExp): Promise<CachedFile[]> {
  const found: CachedFile[] = [];
  for (const name of names) {
    if (!form.test(name)) continue;
    const path = join(folder, name);
    // A copy may be renamed or removed meanwhile.
    const known = await stat(path).catch(() => null);
    if (known?.isFile()) found.push({ path, sizeBytes: known.size, usedAtMs: known.mtimeMs });
  }
  return found;
}

async function remove(path: string): Promise<string> {
  await rm(path, { force: true });
  return path;
}
