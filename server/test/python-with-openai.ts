import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testCacheFolder } from './cache-folder.ts';

const run = promisify(execFile);
const clientVersion = '3.54.0';

/** The interpreter of a virtual environment with the pinned official client, made once and kept between runs. */
export async function pythonWithOpenai(): Promise<string> {
  const folder = join(testCacheFolder(), `python-openai-${clientVersion}`);
  const python = join(folder, 'bin', 'python');
  if (await hasClient(python)) return python;
  await mkdir(testCacheFolder(), { recursive: true });
  await run('python3', ['-m', 'venv', '--clear', folder]);
  await run(python, ['-m', 'pip', 'install', '--quiet', `openai==${clientVersion}`], { timeout: 300_000 });
  return python;
}

async function hasClient(python: string): Promise<boolean> {
  try {
    await run(python, ['-c', 'import openai']);
    return true;
  } catch {
    return false; // no environment yet, or one whose making was interrupted
  }
}
