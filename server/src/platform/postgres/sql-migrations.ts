import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import type { Migration, MigrationProvider } from 'kysely/migration';
import { migrationNames } from './migration-names.ts';

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
