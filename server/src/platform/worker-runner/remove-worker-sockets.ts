import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isWorkerSocket, shortFolderOf } from './worker-address.ts';

/** Removes the sockets that workers of a run folder left when they were killed. Only when none of them runs any more. */
export function removeWorkerSockets(runFolder: string): void {
  for (const folder of [runFolder, shortFolderOf(runFolder)])
    for (const name of namesIn(folder)) if (isWorkerSocket(name)) rmSync(join(folder, name), { force: true });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
