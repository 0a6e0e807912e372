import { readdir, readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import type { Migration, MigrationProvider } from 'kysely/migration';

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

/** Reads plain SQL files; their table names are unqualified and resolve to `schema`. */
export function createSqlMigrationProvider(schema: string, folder: URL): MigrationProvider {
  return {
    async getMigrations() {
      const migrations: Record<string, Migration> = {};
      for (const name of await migrationNames(folder)) {
        const text = await readFile(new URL(`${name}.sql`, folder), 'utf8');
        migrations[name] = {
          async up(database) {
            // Local: it ends with the transaction that all migrations share, so no pooler keeps it.
            await sql`set local search_path to ${sql.id(schema)}`.execute(database);
            await sql.raw(text).execute(database);
          },
        };
      }
      return migrations;
    },
  };
}
