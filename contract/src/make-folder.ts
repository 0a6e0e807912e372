import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder with those above it that are missing, and tells whether it made it. One at a time: Node's own
 * recursive way never ends where the system refuses with ENOENT, as below `/proc`.
 */
export function makeFolder(path: string, mode = 0o777): boolean {
  const folder = resolve(path);
  if (isFolder(folder)) return false;
  if (dirname(folder) !== folder) makeFolder(dirname(folder), mode);
  try {
    mkdirSync(folder, { mode });
    return true;
  } catch (error) {
    // Another process was faster.
    if (isFolder(folder)) return false;
    throw error;
  }
}

/** In words, why nothing can be written in a folder. */
export function whyNotWritable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there.',
  EPERM: 'this user may not write there.',
  EROFS: 'its file system is read-only.',
  ENOENT: 'the system lets nobody make a folder there.',
  EEXIST: 'part of the path is a file, not a folder.',
  ENOTDIR: 'part of the path is a file, not a folder.',
};

/** `false` for what is not there, and for what is below a file. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}
