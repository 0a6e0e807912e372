import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** When anything in a folder, or the file, was last written, in milliseconds since 1970; `null` where there is nothing. */
export async function lastWritten(path: string): Promise<number | null> {
  try {
    const found = await lstat(path);
    if (!found.isDirectory()) return found.mtimeMs;
    const inside = await Promise.all((await readdir(path)).map((name) => lastWritten(join(path, name))));
    return Math.max(found.mtimeMs, ...inside.map((at) => at ?? 0));
  } catch (error) {
    // It has gone meanwhile.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
