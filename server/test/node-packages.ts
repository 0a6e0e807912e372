import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { testCacheFolder } from './cache-folder.ts';

const run = promisify(execFile);

/**
 * A folder in whose `node_modules` a package of the npm registry is, for packages that are too large to be
 * dependencies of the tests. Made once and kept between runs; scripts of packages are not run.
 */
export async function folderWithPackage(name: string, version: string): Promise<string> {
  const folder = join(testCacheFolder(), `node-${name.replace(/[^a-z0-9]+/g, '-')}-${version}`);
  if (existsSync(folder)) return folder;
  const fresh = `${folder}.${process.pid}`;
  await mkdir(fresh, { recursive: true });
  const [command, ...first] = npm();
  await run(
    command,
    [
      ...first,
      'install',
      '--prefix',
      fresh,
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      `${name}@${version}`,
    ],
    { timeout: 300_000, cwd: fresh },
  );
  await rename(fresh, folder).catch(async (error: unknown) => {
    // Another run was faster.
    if (!existsSync(folder)) throw error;
    await rm(fresh, { recursive: true, force: true });
  });
  return folder;
}

/** The npm that came with this Node, else the one on the path. */
function npm(): [string, ...string[]] {
  const own = join(dirname(dirname(process.execPath)), 'lib/node_modules/npm/bin/npm-cli.js');
  return existsSync(own) ? [process.execPath, own] : ['npm'];
}
