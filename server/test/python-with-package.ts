import { execFile } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
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

/** A newer one of it, and what makes and serves gRPC clients of any contract. */
export function pythonWithGrpcClients(): Promise<string> {
  return pythonWith({
    distribution: 'yandex-ai-studio-sdk',
    version: '0.22.1',
    module: 'yandex_ai_studio_sdk, grpc_tools, grpc_reflection, grpc_health',
    // Named, because finding the newest set that fits together takes minutes.
    others: ['grpcio', 'grpcio-tools', 'grpcio-reflection', 'grpcio-health-checking'].map(
      (name) => `${name}==1.81.1`,
    ),
  });
}

interface PythonPackage {
  readonly distribution: string;
  readonly version: string;
  /** Modules that must be there. */
  readonly module: string;
  readonly others?: readonly string[];
}

/** Environments are made once and kept between runs; two runs that make the same one do not meet. */
async function pythonWith({ distribution, version, module, others = [] }: PythonPackage): Promise<string> {
  const folder = join(testCacheFolder(), `python-${distribution}-${version}`);
  if (await hasModule(pythonOf(folder), module)) return pythonOf(folder);
  const fresh = `${folder}.${process.pid}`;
  await mkdir(testCacheFolder(), { recursive: true });
  await run('python3', ['-m', 'venv', '--clear', fresh]);
  await run(pythonOf(fresh), ['-m', 'pip', 'install', '--quiet', `${distribution}==${version}`, ...others], {
    timeout: 300_000,
  });
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
  return pythonOf(folder);
}

function pythonOf(folder: string): string {
  return join(folder, 'bin', 'python');
}

async function hasModule(python: string, module: string): Promise<boolean> {
  try {
    await run(python, ['-c', `import ${module}`]);
    return true;
  } catch {
    return false; // no environment yet, or one whose making was interrupted
  }
}
