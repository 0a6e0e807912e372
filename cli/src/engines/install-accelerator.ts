import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '../command-error.ts';
import { formatBytes } from '../output/format-quantity.ts';
import {
  type AcceleratorKind,
  type AcceleratorPackage,
  acceleratorKinds,
  acceleratorPackages,
} from './accelerator-packages.ts';
import {
  emptyPackage,
  engineVersion,
  linkPackage,
  readInstalled,
  storedPackage,
  writeInstalled,
} from './accelerator-place.ts';
import { fetchNpmPackage } from './fetch-npm-package.ts';

/** Unpacked binaries are up to this many times their archive. */
const unpackedTimes = 4;
const abandonedMs = 3_600_000;

type Tell = (line: string) => void;

/**
 * Fetches the engine's binaries for an accelerator and lets the engine find them. Whatever happens before the last
 * step, the engine finds what it found before. Throws `CommandError`.
 */
export async function installAccelerator(
  checkout: string,
  kind: AcceleratorKind,
  tell: Tell,
  packages: readonly AcceleratorPackage[] = acceleratorPackages[kind],
): Promise<void> {
  await checkVersion(checkout, packages);
  const missing = packages.filter(({ name, version }) => !existsSync(storedPackage(checkout, name, version)));
  await fetchAll(checkout, missing, tell);
  // What extends another package comes first, so that at no moment half of a pair is found.
  for (const { name, version } of packages.toReversed())
    await linkPackage(checkout, name, storedPackage(checkout, name, version));
  await unlinkAll(
    checkout,
    packages.map(({ name }) => name),
  );
  await writeInstalled(checkout, { kind, version: packages[0]?.version ?? '' });
}

/** Lets the engine find its own binaries alone again, and removes the others. False when none were installed. */
export async function uninstallAccelerator(checkout: string): Promise<boolean> {
  const installed = readInstalled(checkout);
  await unlinkAll(checkout, []);
  await writeInstalled(checkout, null);
  await rm(join(checkout, '.samovar', 'engines'), { recursive: true, force: true });
  return installed !== null;
}

/** After packages were installed anew: links what was there before, or says that it no longer fits. */
export async function restoreAccelerator(checkout: string, tell: Tell): Promise<void> {
  const installed = readInstalled(checkout);
  if (installed === null) return;
  const packages = acceleratorPackages[installed.kind];
  const fits =
    installed.version === (await engineVersion(checkout)) &&
    packages.every(({ name }) => existsSync(storedPackage(checkout, name, installed.version)));
  if (!fits) {
    tell(
      `The ${installed.kind} binaries of this checkout do not fit its engine any more, so models run on the processor. \`./samovar engines install ${installed.kind}\` fetches those that do.`,
    );
    return;
  }
  for (const { name } of packages)
    await linkPackage(checkout, name, storedPackage(checkout, name, installed.version));
}

async function checkVersion(checkout: string, packages: readonly AcceleratorPackage[]): Promise<void> {
  const engine = await engineVersion(checkout);
  const other = packages.find(({ version }) => version !== engine);
  if (other === undefined) return;
  throw new CommandError(
    `The engine here is of version ${engine}, and this release pins the binaries of ${other.version}.`,
    'Install the locked packages (`./samovar help` does), and try again.',
  );
}

async function fetchAll(checkout: string, missing: readonly AcceleratorPackage[], tell: Tell): Promise<void> {
  if (missing.length === 0) return;
  const engines = join(checkout, '.samovar', 'engines');
  await makeFolder(engines);
  const totalBytes = missing.reduce((sum, each) => sum + each.sizeBytes, 0);
  const names = missing.map(({ name, version }) => `${name}@${version}`).join(' and ');
  tell(`Fetching ${names} from the npm registry: ${formatBytes(totalBytes)}.`);
  await refuseFullDisk(engines, totalBytes * (unpackedTimes + 2));
  await removeAbandoned(engines);
  const staging = await mkdtemp(join(engines, '.fetch-'));
  try {
    for (const wanted of missing) {
      const fresh = join(staging, 'package');
      await fetchNpmPackage(checkout, wanted, fresh, (bytes) =>
        tell(`Fetching ${wanted.name}: ${formatBytes(bytes)} of ${formatBytes(wanted.sizeBytes)}.`),
      );
      const place = storedPackage(checkout, wanted.name, wanted.version);
      await rm(place, { recursive: true, force: true });
      await rename(fresh, place);
      await rm(`${fresh}.fetch`, { recursive: true, force: true });
    }
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Puts the stand-in back for every package but those of `except`: the engine would take the first that it finds. */
async function unlinkAll(checkout: string, except: readonly string[]): Promise<void> {
  for (const { name } of acceleratorKinds.flatMap((kind) => acceleratorPackages[kind]))
    if (!except.includes(name)) await linkPackage(checkout, name, emptyPackage(checkout));
}

/** What a fetch left that was killed. */
async function removeAbandoned(engines: string): Promise<void> {
  for (const name of await readdir(engines)) {
    if (!name.startsWith('.fetch-')) continue;
    const { mtimeMs } = await stat(join(engines, name));
    if (Date.now() - mtimeMs > abandonedMs) await rm(join(engines, name), { recursive: true, force: true });
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EROFS')))
      throw error;
    throw new CommandError(
      `The folder ${path} cannot be written.`,
      'Run this as the user who owns the checkout.',
    );
  }
}

async function refuseFullDisk(folder: string, neededBytes: number): Promise<void> {
  const disk = await statfs(folder);
  const freeBytes = disk.bavail * disk.bsize;
  if (freeBytes >= neededBytes) return;
  throw new CommandError(
    `The disk of ${folder} has ${formatBytes(freeBytes)} free, and this takes ${formatBytes(neededBytes)} for a while.`,
    'Free some space, and try again.',
  );
}
