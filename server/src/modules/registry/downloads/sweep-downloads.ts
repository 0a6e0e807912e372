import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../../../kernel/ports/database.ts';
import type { Log } from '../../../kernel/ports/log.ts';
import { importFolder, sweepImportFolders } from '../imports/import-folder.ts';
import type { ImportTables } from '../imports/import-tables.ts';
import type { RegistryTables } from '../registry-tables.ts';
import { lastWritten } from './last-written.ts';

export interface DownloadSweep {
  readonly database: Database;
  readonly downloadsFolder: string;
  readonly log: Log;
}

/** Whoever works on files writes more often: a download notes its state several times a second. */
const idleHours = 24;
/** What a job is still to go on with, or what waits for a person, on whatever machine that will be. */
const forgottenHours = 7 * 24;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** What earlier releases kept beside the folders: archives, packages by the SHA-256 of their source, made files. */
const former = /^(archives|made-[0-9a-f]{64}|[0-9a-f]{64}(\.part|\.json)?)$/;

/**
 * Removes from this machine what is left of imports and versions on which nobody works any more: of those that have
 * ended or are gone, when nothing was written there for a day; of those that may go on, after a week, as they begin
 * anew. Returns how many folders and files went, besides those that `sweepImportFolders` removes.
 */
export async function sweepDownloads({ database, downloadsFolder, log }: DownloadSweep): Promise<number> {
  await sweepImportFolders(database, downloadsFolder);
  const idle: string[] = [];
  for (const kind of ['versions', 'inspections'])
    for (const { id, path, idleForHours } of await entriesOf(join(downloadsFolder, kind)))
      if (idleForHours > forgottenHours || (idleForHours > idleHours && !(await isImporting(database, id))))
        idle.push(path);
  for (const { id, idleForHours } of await entriesOf(join(downloadsFolder, 'imports')))
    if (idleForHours > forgottenHours && (await isWaiting(database, id)))
      idle.push(importFolder(downloadsFolder, id));
  for (const name of await namesIn(downloadsFolder)) {
    const path = join(downloadsFolder, name);
    if (former.test(name) && (await hoursSince(path)) > forgottenHours) idle.push(path);
  }
  for (const path of idle) await rm(path, { recursive: true, force: true });
  if (idle.length > 0) log.info({ removed: idle.length }, 'removed what downloads had left behind');
  return idle.length;
}

interface Entry {
  readonly id: string;
  readonly path: string;
  readonly idleForHours: number;
}

async function entriesOf(folder: string): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const id of await namesIn(folder)) {
    const path = join(folder, id);
    if (uuid.test(id)) entries.push({ id, path, idleForHours: await hoursSince(path) });
  }
  return entries;
}

async function hoursSince(path: string): Promise<number> {
  return (Date.now() - ((await lastWritten(path)) ?? Date.now())) / 3_600_000;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
}

/** Folders of this machine belong to the whole installation: whose project a version is does not matter. */
async function isImporting(database: Database, versionId: string): Promise<boolean> {
  const row = await database
    .withTables<RegistryTables>()
    .selectFrom('model_versions')
    .select('state')
    .where('id', '=', versionId)
    .executeTakeFirst();
  return row?.state === 'importing';
}

async function isWaiting(database: Database, importId: string): Promise<boolean> {
  const row = await database
    .withTables<ImportTables>()
    .selectFrom('import_requests')
    .select('state')
    .where('id', '=', importId)
    .executeTakeFirst();
  return row?.state === 'waiting-for-license';
}
