import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';

/** Where a path really leads, all links followed, when that lies in the folder (or is it); else `null`. */
export async function pathInside(folder: string, path: string): Promise<string | null> {
  const root = await realpath(folder);
  const found = await realpath(path).catch(() => null);
  if (found === null) return null;
  return found === root || found.startsWith(root.endsWith(sep) ? root : `${root}${sep}`) ? found : null;
}
