import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testCacheFolder } from './cache-folder.ts';

const run = promisify(execFile);

/** The interpreter of a virtual environment with the pinned official client of the OpenAI API. */
export function pythonWithOpenai(): Promise<string> {
  return pythonWith({ distribution: 'openai', version: '3.54.0', module: 'openai' });
}

/** The same with the official client of the Foundation Models API. */
export function pythonWithStudioSdk(): Promise<string> {
  return pythonWith({
    distribution: 'yandex-ai-studio-sdk',
    version: '0.19.2',
    module: 'yandex_ai_studio_sdk',
  });
}

interface PythonPackage {
  readonly distribution: string;
  readonly version: string;
  readonly module: string;
}

/** Environments are made once and kept between runs. */
async function pythonWith({ distribution, version, module }: PythonPackage): Promise<string> {
  const folder = join(testCacheFolder(), `python-${distribution}-${version}`);
  const python = join(folder, 'bin', 'python');
  if (await hasModule(python, module)) return python;
  await mkdir(testCacheFolder(), { recursive: true });
  await run('python3', ['-m', 'venv', '--clear', folder]);
  await run(python, ['-m', 'pip', 'install', '--quiet', `${distribution}==${version}`], { timeout: 300_000 });
  return python;
}

async function hasModule(python: string, module: string): Promise<boolean> {
  try {
    await run(python, ['-c', `import ${module}`]);
    return true;
  } catch {
    return false; // no environment yet, or one whose making was interrupted
  }
}
