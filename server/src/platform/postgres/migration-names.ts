import { readdir } from 'node:fs/promises';

/** Folder of this release's migrations. */
export const migrationsFolder = new URL('../../../migrations/', import.meta.url);

/** Names of the migrations in a folder, oldest first: `0001_foundation`, … */
export async function migrationNames(folder: URL = migrationsFolder): Promise<string[]> {
  const files = await readdir(folder);
  return files
    .filter((file) => /^\d{4}_[a-z0-9_]+\.sql$/.test(file))
    .map((file) => file.slice(0, -'.sql'.length))
    .sort();
}
