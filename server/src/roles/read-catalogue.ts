import { readdir, readFile } from 'node:fs/promises';
import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { parse } from 'yaml';
import { parseManifest } from '../modules/registry/index.ts';

/** Folder of this release's manifests. */
const catalogueFolder = new URL('../../../models/', import.meta.url);

/** The manifests of the catalogue, checked; throws `model.manifest_invalid`. */
export async function readCatalogue(folder: URL = catalogueFolder): Promise<readonly ModelManifest[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort();
  return await Promise.all(
    names.map(async (name) => parseManifest(parse(await readFile(new URL(name, folder), 'utf8')), name)),
  );
}
