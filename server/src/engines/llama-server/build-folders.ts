import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Makes the folder that a build works in; its name tells whose it is. */
export async function makeBuildFolder(enginesFolder: string): Promise<string> {
  await mkdir(enginesFolder, { recursive: true });
  return mkdtemp(join(enginesFolder, `build-${process.pid}-`));
}

/** Removes what builds left behind that were killed; a build that still runs keeps its folder. */
export async function removeAbandonedBuilds(enginesFolder: string): Promise<void> {
  for (const entry of await readdir(enginesFolder, { withFileTypes: true })) {
    if (!entry.isDirectory() || !entry.name.startsWith('build-')) continue;
    const folder = join(enginesFolder, entry.name);
    if (!(await isInUse(folder, entry.name))) await rm(folder, { recursive: true, force: true });
  }
}

async function isInUse(folder: string, name: string): Promise<boolean> {
  const pid = Number(/^build-(\d+)-/.exec(name)?.[1] ?? 0);
  if (pid === 0) return false;
  if (pid !== process.pid) return isAlive(pid);
  // In a container every start has the same number: a folder from before this one is not ours.
  const { birthtimeMs } = await stat(folder);
  return birthtimeMs >= performance.timeOrigin;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It lives, and belongs to someone else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
