import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readPackageMirrors } from '../src/config/package-mirrors.ts';
import type { DownloadedPackage } from '../src/kernel/ports/package-source.ts';
import { createPackageSource } from '../src/platform/package-sources/create-package-source.ts';
import { testCacheFolder } from './cache-folder.ts';

const downloadWithinMs = 600_000;

/** A package as its registry has it, downloaded by the product's own source the first time and kept for later runs. */
export async function testPackage(source: string): Promise<DownloadedPackage> {
  const folder = join(testCacheFolder(), 'packages', source.replace(/[^\w.@-]+/g, '_'));
  return (await keptIn(folder)) ?? (await fetchInto(folder, source));
}

async function keptIn(folder: string): Promise<DownloadedPackage | null> {
  const [fileName] = await readdir(folder).catch(() => []);
  if (fileName === undefined) return null;
  const path = join(folder, fileName);
  return { path, fileName, sizeBytes: (await stat(path)).size };
}

/** Test processes run side by side: each downloads for itself, and the first one's folder stays. */
async function fetchInto(folder: string, source: string): Promise<DownloadedPackage> {
  const packages = createPackageSource(
    readPackageMirrors({ pypiIndex: null, npmRegistry: null, mavenRepository: null, caFile: null }),
  );
  const own = `${folder}.${process.pid}`;
  const kept = join(own, 'kept');
  try {
    const options = { signal: AbortSignal.timeout(downloadWithinMs), onProgress: () => {} };
    const { path, fileName } = await packages.download(source, own, options);
    await mkdir(kept);
    await rename(path, join(kept, basename(fileName)));
    await rename(kept, folder).catch(async (error: unknown) => {
      if ((await keptIn(folder)) === null) throw error;
    });
  } finally {
    await rm(own, { recursive: true, force: true });
    await packages.close();
  }
  const made = await keptIn(folder);
  if (made === null) throw new Error(`${source} was not kept in ${folder}`);
  return made;
}
