import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testCacheFolder } from '../cache-folder.ts';

const run = promisify(execFile);
const version = 'v2.2.1+incompatible';

/** The path of h2spec, the conformance tests of HTTP/2 and HPACK: built once and kept. `null` without a Go toolchain. */
export async function h2specProgram(): Promise<string | null> {
  const folder = join(testCacheFolder(), `h2spec-${version}`);
  const program = join(folder, 'h2spec');
  if (await isThere(program)) return program;
  try {
    await run('go', ['version']);
  } catch {
    return null; // no toolchain on this machine: the test says that it is skipped for this
  }
  await mkdir(folder, { recursive: true });
  await run('go', ['install', `github.com/summerwind/h2spec/cmd/h2spec@${version}`], {
    env: { ...process.env, GOBIN: folder },
    timeout: 300_000,
  });
  return program;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false; // not built yet
  }
}
