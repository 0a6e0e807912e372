import { readFileSync } from 'node:fs';
import { dataFolder } from '@samovar/contract/data-folder';

/** The API key of the installation's first run; `null` where there is none, or it is not ours to read. */
export function readFirstKey(dataRoot: string): string | null {
  try {
    return readFileSync(dataFolder(dataRoot).firstKey, 'utf8').trim() || null;
  } catch {
    // Without a key the server answers that one is missing, with what to do about it.
    return null;
  }
}
