import { readFile } from 'node:fs/promises';
import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { parse } from 'yaml';
import { parseManifest } from '../src/modules/registry/parse-manifest.ts';
import { verifiedFiles } from './verified-files.ts';

export type TestModelName =
  | 'smollm2-135m-instruct'
  | 'all-minilm-l6-v2'
  | 'multilingual-e5-small'
  | 'qwen2.5-coder-0.5b-instruct';

export interface TestModel {
  readonly manifest: ModelManifest;
  /** Absolute paths by the files' names in the manifest. */
  readonly files: Record<string, string>;
}

const modelsFolder = new URL('../../models/', import.meta.url);

/** A real model of the catalogue, fetched by the product's own sources the first time and kept by SHA-256. */
export async function testModel(name: TestModelName): Promise<TestModel> {
  const manifest = await catalogueManifest(name);
  return { manifest, files: await verifiedFiles(manifest) };
}

/** A manifest of the catalogue, read and checked as the product does. */
export async function catalogueManifest(name: TestModelName): Promise<ModelManifest> {
  const text = await readFile(new URL(`${name}.yaml`, modelsFolder), 'utf8');
  return parseManifest(parse(text), `${name}.yaml`);
}
