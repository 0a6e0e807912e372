import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Removes the files of a folder to which nothing was written for so long; returns how many. */
export async function removeIdleFiles(folder: string, idleHours: number): Promise<number> {
  const before = Date.now() - idleHours * 3_600_000;
  let removed = 0;
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    const written = await lastWritten(path);
    if (written === null || written > before) continue;
    await rm(path, { force: true });
    removed += 1;
  }
  return removed;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(unlessMissing([]));
}

/** `null` for what has gone meanwhile, become an object, and for what is no file. */
async function lastWritten(path: string): Promise<number | null> {
  const found = await stat(path).catch(unlessMissing(null));
  return found?.isFile() ? found.mtimeMs : null;
}

function unlessMissing<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return instead;
    throw error;
  };
}
