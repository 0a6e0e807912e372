import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SamovarError } from '../../../kernel/errors.ts';

/** Left free beside what a download needs. */
const reserveBytes = 64 * 1024 * 1024;

/** Throws `setup.disk_full` unless so many bytes more fit on the disk of a file. */
export async function refuseFullDisk(path: string, neededBytes: number): Promise<void> {
  const folder = dirname(path);
  const disk = await statfs(folder);
  const freeBytes = disk.bavail * disk.bsize;
  if (freeBytes < neededBytes + reserveBytes) throw diskFull(folder, freeBytes, neededBytes + reserveBytes);
}

/** A failed write as `setup.disk_full` when it failed for want of space; else as it is. */
export function asDiskFull(error: unknown, path: string, neededBytes: number): unknown {
  const isFull =
    error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
  return isFull ? diskFull(dirname(path), 0, neededBytes, error) : error;
}

function diskFull(path: string, freeBytes: number, neededBytes: number, cause?: unknown): SamovarError {
  const megabytes = (bytes: number) => Math.ceil(bytes / 1e6);
  return new SamovarError('setup.disk_full', {
    params: { path, freeMegabytes: Math.floor(freeBytes / 1e6), neededMegabytes: megabytes(neededBytes) },
    cause,
  });
}
