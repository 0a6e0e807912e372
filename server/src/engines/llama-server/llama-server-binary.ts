import { access, constants } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundledSource } from './bundled-source.ts';

/** Where the binary of a release lies under the data folder's `engines`. */
export function binaryPath(enginesFolder: string, release: string): string {
  return join(enginesFolder, 'llama-server', release, 'llama-server');
}

/** Where the tool that makes weights smaller lies: it is built with the server. */
export function quantizePath(enginesFolder: string, release: string): string {
  return join(enginesFolder, 'llama-server', release, 'llama-quantize');
}

/** The binary that was built from the bundled source, or `null` when there is none yet. */
export async function findLlamaServer(enginesFolder: string): Promise<string | null> {
  return await runnable(binaryPath(enginesFolder, (await bundledSource()).release));
}

/** llama-quantize beside the llama-server that the settings name, or of our own build; `null` when there is none. */
export async function findLlamaQuantize(enginesFolder: string, named: string | null): Promise<string | null> {
  const beside = named === null ? null : await runnable(join(dirname(named), 'llama-quantize'));
  return beside ?? (await runnable(quantizePath(enginesFolder, (await bundledSource()).release)));
}

async function runnable(path: string): Promise<string | null> {
  try {
    await access(path, constants.X_OK);
    return path;
  } catch {
    return null; // not built on this machine
  }
}
