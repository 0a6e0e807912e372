import { chmodSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataFolder } from '@samovar/contract/data-folder';
import { makeFolder } from '@samovar/contract/make-folder';
import { SamovarError } from '../../kernel/errors.ts';
import { readRelease, refuseNewerRelease } from '../prepare/release-record.ts';
import { unusableFolder } from '../prepare/unusable-folder.ts';

/** The first run fetches models and makes a database; later ones need room for logs and the database's journal. */
const firstRunMegabytes = 600;
const laterRunMegabytes = 150;

/**
 * Makes the data folder and checks that it can be used: `setup.folder_not_writable`, `setup.disk_full` and
 * `setup.newer_data` say why not.
 */
export async function prepareDataFolder(data: DataFolder): Promise<void> {
  makeFolders(data);
  const release = readRelease(data.release);
  await refuseNewerRelease(release);
  refuseFullDisk(data.root, release === null ? firstRunMegabytes : laterRunMegabytes);
}

function makeFolders(data: DataFolder): void {
  try {
    const made = makeFolder(data.root);
    // PostgreSQL's user must be able to pass through it; every file that holds a secret is mode 600 by itself.
    if (made) chmodSync(data.root, process.getuid?.() === 0 ? 0o711 : 0o700);
    makeFolder(data.run);
    if (process.getuid?.() === 0) chmodSync(data.run, 0o711);
    makeFolder(data.logs, 0o700);
    const probe = join(data.root, `.write-probe.${process.pid}`);
    writeFileSync(probe, 'probe', { flush: true });
    rmSync(probe);
  } catch (error) {
    throw unusable(data.root, error);
  }
}

function unusable(root: string, error: unknown): SamovarError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOSPC') return diskFull(root, 0, laterRunMegabytes);
  return unusableFolder(root, error);
}

function refuseFullDisk(root: string, neededMegabytes: number): void {
  const { bavail, bsize } = statfsSync(root);
  const freeMegabytes = Math.floor((bavail * bsize) / 1e6);
  if (freeMegabytes < neededMegabytes) throw diskFull(root, freeMegabytes, neededMegabytes);
}

function diskFull(path: string, freeMegabytes: number, neededMegabytes: number): SamovarError {
  return new SamovarError('setup.disk_full', { params: { path, freeMegabytes, neededMegabytes } });
}
