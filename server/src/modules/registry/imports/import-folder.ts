import { createWriteStream } from 'node:fs';
import { copyFile, link, mkdir, readdir, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { sql } from 'kysely';
import { SamovarError } from '../../../kernel/errors.ts';
import type { Database } from '../../../kernel/ports/database.ts';
import type { SourceFile } from '../../../kernel/ports/model-source.ts';
import type { ObjectStore } from '../../../kernel/ports/object-store.ts';
import type { ImportTables } from './import-tables.ts';

/** Left free beside what an import needs. */
const reserveBytes = 64 * 1024 * 1024;
/** Files of an import that failed are kept so long for another try. */
const failedHours = 24;

/*
 * What lies in the folder of an import beside the files of its source, whose paths they have. A dot, as folders of
 * sources hardly have one.
 */

/** What was made of its files. */
export const convertedFolder = '.converted';
/** What was in its archives: of several, each in a folder of its number. */
export const unpackedFolder = '.unpacked';

/** Where the files of an import lie until they are in the object store. */
export function importFolder(downloadsFolder: string, importId: string): string {
  return join(downloadsFolder, 'imports', importId);
}

/** Where archives lie while their files are fetched. */
export function archivesFolder(folder: string): string {
  return join(folder, '.archives');
}

/** The place of a file in the folder. Throws `model.refused` for a path that leaves it. */
export function placeOf(folder: string, path: string): string {
  const place = resolve(folder, path);
  if (!place.startsWith(folder + sep))
    throw new SamovarError('model.refused', {
      params: { reason: `the path \`${path}\` leaves its folder.` },
    });
  return place;
}

export async function sizeOf(path: string): Promise<number | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return null;
    throw error;
  }
}

/** Throws `setup.disk_full` when the files that are still to come do not fit beside what is there. */
export async function refuseFullDisk(
  folder: string,
  missing: readonly SourceFile[],
  freeBytes: (folder: string) => Promise<number> = freeBytesOf,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  let needed = reserveBytes;
  for (const file of missing)
    needed += Math.max(0, (file.sizeBytes ?? 0) - (await bytesHere(folder, file.path)));
  const free = await freeBytes(folder);
  if (free >= needed) return;
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  throw new SamovarError('setup.disk_full', {
    params: { path: folder, freeMegabytes: megabytes(free), neededMegabytes: megabytes(needed) },
  });
}

/** What an earlier attempt has left of a file, unfinished parts included: they take disk, not only length. */
async function bytesHere(folder: string, path: string): Promise<number> {
  const target = placeOf(folder, path);
  const parent = dirname(target);
  const names = await readdir(parent).catch(() => []);
  let bytes = 0;
  for (const name of names) {
    if (!join(parent, name).startsWith(target)) continue;
    const found = await stat(join(parent, name));
    if (found.isFile()) bytes += found.blocks * 512;
  }
  return bytes;
}

async function freeBytesOf(folder: string): Promise<number> {
  const disk = await statfs(folder);
  return disk.bavail * disk.bsize;
}

/** Puts a file that the object store has into the folder, without a copy where both are on one disk. */
export async function bringFromStore(
  store: ObjectStore,
  key: string,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await rm(target, { force: true });
  const local = store.localPath(key);
  if (local === null) {
    await pipeline(await store.get(key), createWriteStream(target), { signal });
    return;
  }
  try {
    await link(local, target);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'EXDEV' || error.code === 'EPERM')))
      throw error;
    await copyFile(local, target);
  }
}

/** Removes from this machine what imports have left that need it no more, and secrets of those that have failed. */
export async function sweepImportFolders(database: Database, downloadsFolder: string): Promise<void> {
  await database
    .withTables<ImportTables>()
    .updateTable('import_requests')
    .set({ sealed_source: null })
    .where('sealed_source', 'is not', null)
    .where('ended_at', '<', sql<Date>`now() - make_interval(hours => ${failedHours})`)
    .execute();
  // Whoever writes there tells what is wrong with the folder.
  const ids = await readdir(join(downloadsFolder, 'imports')).catch(() => []);
  const known = ids.filter((id) => /^[0-9a-f-]{36}$/.test(id));
  if (known.length === 0) return;
  const rows = await database
    .withTables<ImportTables>()
    .selectFrom('import_requests')
    .select(['id', 'state', 'ended_at'])
    .where('id', 'in', known)
    .execute();
  const kept = new Set(
    rows
      .filter(
        ({ state, ended_at }) =>
          ended_at === null ||
          (state === 'failed' && ended_at.getTime() > Date.now() - failedHours * 3_600_000),
      )
      .map(({ id }) => id),
  );
  for (const id of known)
    if (!kept.has(id)) await rm(importFolder(downloadsFolder, id), { recursive: true, force: true });
}
