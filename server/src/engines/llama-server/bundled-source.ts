import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface BundledSource {
  /** A git bundle of the llama.cpp release that the packaged binding was built from. */
  readonly bundlePath: string;
  /** The release's tag, for example `v0.5.0`. */
  readonly release: string;
}

/** The engine's source as it ships inside the npm package node-llama-cpp: no network is needed to build from it. */
export async function bundledSource(): Promise<BundledSource> {
  const entry = createRequire(import.meta.url).resolve('node-llama-cpp');
  const folder = join(dirname(entry), '..', 'llama');
  const info: unknown = JSON.parse(await readFile(join(folder, 'llama.cpp.info.json'), 'utf8'));
  if (info === null || typeof info !== 'object' || !('tag' in info) || typeof info.tag !== 'string')
    throw new Error('The package node-llama-cpp does not say which release it carries');
  return { bundlePath: join(folder, 'gitRelease.bundle'), release: info.tag };
}
