import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { bundledSource } from './bundled-source.ts';

/** Where the binary of a release lies under the data folder's `engines`. */
export function binaryPath(enginesFolder: string, release: string): string {
  return join(enginesFolder, 'llama-server', release, 'llama-server');
}

/** The binary that was built from the bundled source, or `null` when there is none yet. */
export async function findLlamaServer(enginesFolder: string): Promise<string | null> {
  const path = binaryPath(enginesFolder, (await bundledSource()).release);
  try {
    await access(path, constants.X_OK);
    return path;
  } catch {
    return null; // not built on this machine
  }
}
