import { readFileSync, realpathSync } from 'node:fs';
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AcceleratorKind, acceleratorKinds } from './accelerator-packages.ts';

/** The checkout that this file lies in. */
export const ownCheckout = fileURLToPath(new URL('../../..', import.meta.url));

/** Where binaries for accelerators are kept: beside `node_modules`, so that `npm ci` leaves them alone. */
export function storedPackage(checkout: string, name: string, version: string): string {
  return join(checkout, '.samovar', 'engines', `${name.replace('@node-llama-cpp/', '')}-${version}`);
}

/** What was installed last, as `.samovar/accelerator` tells; `null` when nothing is. */
export interface InstalledAccelerator {
  readonly kind: AcceleratorKind;
  readonly version: string;
}

export function readInstalled(checkout: string): InstalledAccelerator | null {
  let text: string;
  try {
    text = readFileSync(recordPath(checkout), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  const [kindText = '', version = ''] = text.split('\n');
  const kind = acceleratorKinds.find((known) => known === kindText);
  return kind === undefined ? null : { kind, version };
}

export async function writeInstalled(
  checkout: string,
  installed: InstalledAccelerator | null,
): Promise<void> {
  const path = recordPath(checkout);
  if (installed === null) return await rm(path, { force: true });
  await writeFile(`${path}.new`, `${installed.kind}\n${installed.version}\n`);
  await rename(`${path}.new`, path);
}

/** Lets the engine find `target` under the package's name, in one step: before it the old one is found, after it this. */
export async function linkPackage(checkout: string, name: string, target: string): Promise<void> {
  const place = join(checkout, 'node_modules', name);
  await mkdir(dirname(place), { recursive: true });
  const link = `${place}.new-${process.pid}`;
  await rm(link, { force: true });
  await symlink(relative(realpathSync(dirname(place)), realpathSync(target)), link);
  try {
    await rename(link, place);
  } finally {
    await rm(link, { force: true });
  }
}

/** The stand-in that keeps the binaries of accelerators out of an ordinary installation. */
export function emptyPackage(checkout: string): string {
  return join(checkout, 'tools', 'empty-package');
}

/** The version of the engine that the binaries must fit. */
export async function engineVersion(checkout: string): Promise<string> {
  const path = join(checkout, 'node_modules', 'node-llama-cpp', 'package.json');
  const { version }: { version: string } = JSON.parse(await readFile(path, 'utf8'));
  return version;
}

function recordPath(checkout: string): string {
  return join(checkout, '.samovar', 'accelerator');
}
