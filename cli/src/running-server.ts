import { readFileSync } from 'node:fs';
import { dataFolder, type SupervisorRecord } from '@samovar/contract/data-folder';
import { isRunning } from '@samovar/contract/process-identity';

/** The supervisor that runs on this data folder, recognised by its identity; `null` when none does. */
export function runningSupervisor(dataRoot: string): SupervisorRecord | null {
  const record = lastRecord(dataRoot);
  return record && isRunning(record) ? record : null;
}

/** What the last supervisor of this data folder recorded, whether it still runs or was killed. */
export function lastRecord(dataRoot: string): SupervisorRecord | null {
  try {
    return JSON.parse(readFileSync(dataFolder(dataRoot).supervisor, 'utf8')) as SupervisorRecord;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    // A file where the folder should be holds no record either; the start refuses it in its own words.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return null;
    throw error;
  }
}
