import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CommandError } from '../command-error.ts';
import type { AcceleratorPackage } from './accelerator-packages.ts';

const lookEveryMs = 1_000;

/**
 * Fetches one package with npm's own client, which knows the registry, its credentials, the proxy and the CA, checks
 * it against its pin, and unpacks it into `folder`. `tell` gets the bytes that are here, now and then.
 */
export async function fetchNpmPackage(
  checkout: string,
  wanted: AcceleratorPackage,
  folder: string,
  tell: (bytes: number) => void,
): Promise<void> {
  const work = `${folder}.fetch`;
  await mkdir(work, { recursive: true });
  // A cache of its own: what arrives can be counted there, and nothing of it stays.
  const cache = join(work, 'cache');
  const watch = setInterval(() => tell(sizeOf(cache)), lookEveryMs);
  try {
    await runNpm(
      checkout,
      ['pack', '--loglevel=error', '--cache', cache, `${wanted.name}@${wanted.version}`],
      work,
    );
  } finally {
    clearInterval(watch);
  }
  const archive = join(work, (await readdir(work)).find((name) => name.endsWith('.tgz')) ?? 'nothing.tgz');
  const digest = createHash('sha512')
    .update(await readFile(archive))
    .digest('base64');
  if (`sha512-${digest}` !== wanted.integrity)
    throw new CommandError(
      `The package ${wanted.name}@${wanted.version} is not the pinned one: its digest differs.`,
      'Nothing was changed. Fetch it again, or ask whoever runs the registry mirror.',
    );
  await mkdir(folder, { recursive: true });
  await run('tar', ['-xzf', archive, '-C', folder, '--strip-components=1', '--no-same-owner'], work);
}

async function runNpm(checkout: string, words: readonly string[], folder: string): Promise<void> {
  const npm = findNpm(checkout);
  try {
    if (npm === null) await run('npm', words, folder);
    else await run(process.execPath, [npm, ...words], folder);
  } catch (error) {
    throw new CommandError(
      `npm could not fetch the package: ${error instanceof Error ? error.message : String(error)}`,
      "Nothing was changed. Check the network and npm's registry, proxy and CA settings (npm config list).",
    );
  }
}

/** npm as the launcher fetched it, or as it lies beside our Node; `null`: the one on the path. */
function findNpm(checkout: string): string | null {
  const home = join(checkout, '.samovar');
  const fetched = existsSync(home) ? readdirSync(home).filter((name) => /^npm-\d/.test(name)) : [];
  const candidates = [
    ...fetched.map((name) => join(home, name, 'bin', 'npm-cli.js')),
    join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ];
  return candidates.find((path) => existsSync(path)) ?? null;
}

/** Runs a program to its end. Rejects with the end of what it said. */
function run(program: string, words: readonly string[], folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(said.trim() || `${program} ended with ${code ?? signal}`));
    });
  });
}

function sizeOf(folder: string): number {
  let bytes = 0;
  // The client renames and removes while we look; what is gone is not counted.
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  for (const name of names) {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    if (found?.isFile()) bytes += found.size;
  }
  return bytes;
}
