import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import type { BuildStep } from '@samovar/contract/process-messages';
import { SamovarError } from '../../kernel/errors.ts';
import { makeBuildFolder, removeAbandonedBuilds } from './build-folders.ts';
import { bundledSource } from './bundled-source.ts';
import { binaryPath, quantizePath } from './llama-server-binary.ts';
import { hasTool, runTool } from './run-tool.ts';

export interface BuildProgress {
  readonly step: BuildStep;
  /** From 0 to 1, within the whole build. */
  readonly fraction: number;
}

export interface BuildOptions {
  /** `engines` in the data folder; the work is done in a folder beside the result and removed at the end. */
  readonly enginesFolder: string;
  readonly onProgress: (progress: BuildProgress) => void;
  readonly jobs?: number;
  readonly signal?: AbortSignal;
}

const configureFlags = [
  '-DCMAKE_BUILD_TYPE=Release',
  '-DBUILD_SHARED_LIBS=OFF',
  '-DGGML_NATIVE=ON',
  '-DLLAMA_OPENSSL=OFF',
  '-DLLAMA_BUILD_TESTS=OFF',
  '-DLLAMA_BUILD_EXAMPLES=OFF',
  '-DLLAMA_BUILD_UI=OFF',
];

const targets = ['llama-server', 'llama-quantize'];

/**
 * Builds llama-server, and llama-quantize beside it, for this machine's processor from the bundled source and returns
 * the server's path. Throws `setup.tool_missing` without git, cmake or a C++ compiler, `setup.build_failed` with the end of the log.
 */
export async function buildLlamaServer(options: BuildOptions): Promise<string> {
  const source = await bundledSource();
  const target = binaryPath(options.enginesFolder, source.release);
  for (const tool of ['git', 'cmake', 'c++']) await demandTool(tool);
  await mkdir(dirname(target), { recursive: true });
  await removeAbandonedBuilds(options.enginesFolder);
  const work = await makeBuildFolder(options.enginesFolder);
  try {
    options.onProgress({ step: 'unpack', fraction: 0 });
    const checkout = join(work, 'source');
    await run('git', ['clone', '--quiet', source.bundlePath, checkout], options);
    options.onProgress({ step: 'configure', fraction: 0.02 });
    const build = join(work, 'build');
    const generator = (await hasTool('ninja')) ? ['-G', 'Ninja'] : [];
    await run('cmake', ['-S', checkout, '-B', build, ...generator, ...configureFlags], options);
    await compile(build, options);
    options.onProgress({ step: 'install', fraction: 0.99 });
    await install(join(build, 'bin', 'llama-quantize'), quantizePath(options.enginesFolder, source.release));
    await install(join(build, 'bin', 'llama-server'), target);
    options.onProgress({ step: 'done', fraction: 1 });
    return target;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function compile(build: string, options: BuildOptions): Promise<void> {
  const jobs = String(options.jobs ?? availableParallelism());
  await run('cmake', ['--build', build, '--target', ...targets, '-j', jobs], options, (line) => {
    const share = compiledShare(line);
    if (share !== null) options.onProgress({ step: 'compile', fraction: 0.05 + share * 0.93 });
  });
}

/** The share that a line of Ninja (`[36/204] …`) or Make (`[ 12%] …`) reports, or `null`. */
export function compiledShare(line: string): number | null {
  const ninja = /^\[(\d+)\/(\d+)\]/.exec(line);
  if (ninja) return Number(ninja[1]) / Number(ninja[2]);
  const make = /^\[\s*(\d+)%\]/.exec(line);
  return make ? Number(make[1]) / 100 : null;
}

/** Copied beside its place and renamed into it, so that a half-written binary is never found. */
async function install(built: string, target: string): Promise<void> {
  await copyFile(built, `${target}.new`);
  await chmod(`${target}.new`, 0o755);
  await rename(`${target}.new`, target);
}

async function demandTool(tool: string): Promise<void> {
  if (!(await hasTool(tool)))
    throw new SamovarError('setup.tool_missing', { params: { tool, what: 'llama-server' } });
}

async function run(
  command: string,
  args: readonly string[],
  options: BuildOptions,
  onLine: (line: string) => void = () => {},
): Promise<void> {
  const result = await runTool(command, args, {
    onLine,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  options.signal?.throwIfAborted();
  if (result.code === 0) return;
  throw new SamovarError('setup.build_failed', {
    params: { what: 'llama-server', command, log: result.lastLines.join('\n') },
  });
}
