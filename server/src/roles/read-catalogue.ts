import { readdir, readFile } from 'node:fs/promises';
import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { parse } from 'yaml';
import {
  type CatalogueItem,
  itemOfEntry,
  itemOfManifest,
  parseCatalogueEntry,
  parseManifest,
} from '../modules/registry/index.ts';

/** Folder of this release's manifests. */
const catalogueFolder = new URL('../../../models/', import.meta.url);

/** The manifests of the packaged models, checked; throws `model.manifest_invalid`. */
export async function readCatalogue(folder: URL = catalogueFolder): Promise<readonly ModelManifest[]> {
  return await readEach(folder, parseManifest);
}

/** Every model that can be had: the packaged ones, and the entries of `hub/`. Throws `model.manifest_invalid`. */
export async function readCatalogueItems(folder: URL = catalogueFolder): Promise<readonly CatalogueItem[]> {
  const manifests = await readCatalogue(folder);
  const entries = await readEach(new URL('hub/', folder), parseCatalogueEntry);
  return [...manifests.map(itemOfManifest), ...entries.map(itemOfEntry)];
}

async function readEach<T>(folder: URL, check: (value: unknown, label: string) => T): Promise<readonly T[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort();
  return await Promise.all(
    names.map(async (name) => check(parse(await readFile(new URL(name, folder), 'utf8')), name)),
  );
}
