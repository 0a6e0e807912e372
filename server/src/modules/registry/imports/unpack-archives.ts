import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { FetchedFile } from '../../../kernel/ports/model-source.ts';
import type { RunImportDependencies } from './import-dependencies.ts';
import { placeOf, sizeOf, unpackedFolder } from './import-folder.ts';

const archive = /\.(zip|tar|tgz|tar\.gz)$/i;
/** Left free on the disk. */
const reserveBytes = 256 * 1024 * 1024;

/**
 * The files of an import with those of archives in place of the archives, unpacked in a process of its own. `null`
 * where there is no archive. Throws `model.refused`.
 */
export async function unpackArchives(
  { inspector }: RunImportDependencies,
  folder: string,
  files: readonly FetchedFile[],
  signal: AbortSignal,
): Promise<readonly FetchedFile[] | null> {
  const archives = files.filter(({ path }) => archive.test(path));
  if (archives.length === 0) return null;
  const found: FetchedFile[] = files.filter((file) => !archives.includes(file));
  for (const [index, { path }] of archives.entries()) {
    const name = archives.length === 1 ? unpackedFolder : `${unpackedFolder}/${index}`;
    const target = join(folder, name);
    await rm(target, { recursive: true, force: true });
    await mkdir(target, { recursive: true });
    const source = placeOf(folder, path);
    const disk = await statfs(folder);
    const totalBytes = Math.max(0, disk.bavail * disk.bsize - reserveBytes);
    const members = await inspector.unpack({ archive: source, name: path, target, totalBytes }, signal);
    for (const member of members) found.push(await measured(folder, `${name}/${member}`, signal));
    await rm(source);
  }
  return found;
}

/** The path of a file in its archive, or of any other file. */
export function pathInArchive(path: string): string {
  if (!path.startsWith(`${unpackedFolder}/`)) return path;
  return path.slice(unpackedFolder.length + 1).replace(/^\d+\//, '');
}

async function measured(folder: string, path: string, signal: AbortSignal): Promise<FetchedFile> {
  const place = placeOf(folder, path);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(place, { signal })) hash.update(chunk);
  return { path, sizeBytes: (await sizeOf(place)) ?? 0, sha256: hash.digest('hex') };
}
