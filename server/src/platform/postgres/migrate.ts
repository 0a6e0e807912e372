import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Pool } from 'pg';
import { SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { connectionOptions, type PostgresAddress } from './connection-options.ts';
import { migrationNames, migrationsFolder } from './migration-names.ts';
import { isConnectionFailure, isCrossed, postgresUnreachable } from './postgres-error.ts';
import { createSqlMigrationProvider } from './sql-migrations.ts';

export interface MigrateOptions extends PostgresAddress {
  readonly schema: string;
  readonly log: Log;
  /** Another folder of migrations: tests plant faults there. */
  readonly folder?: URL;
}

const migrationTable = 'schema_migrations';

/** A process of the release before, which still writes, may come across so often. */
const mostAttempts = 5;
const pauseMs = 200;

/**
 * Brings the schema (made when missing) to this release, all in one transaction under an advisory lock, so several
 * processes may call it at once; begun again when a process of the release before wrote across it. Needs no superuser
 * and no extension. Returns the names that it applied.
 * Throws `setup.postgres_unreachable`, or `setup.newer_data` when a newer release has been here.
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const folder = options.folder ?? migrationsFolder;
  const pool = new Pool({ ...connectionOptions(options), max: 1 });
  pool.on('error', (error) => {
    options.log.warn({ error: error.message }, 'the connection for migrations broke');
  });
  const database = new Kysely<object>({ dialect: new PostgresDialect({ pool }) });
  try {
    await refuseNewerData(database, options.schema, await migrationNames(folder));
    const migrator = new Migrator({
      db: database,
      provider: createSqlMigrationProvider(options.schema, folder),
      migrationTableSchema: options.schema,
      migrationTableName: migrationTable,
      migrationLockTableName: `${migrationTable}_lock`,
    });
    const applied = await applyAll(migrator, options.log);
    if (applied.length > 0) options.log.info({ applied }, 'applied migrations');
    return applied;
  } catch (error) {
    throw isConnectionFailure(error) ? postgresUnreachable(options.url, error) : error;
  } finally {
    await database.destroy();
  }
}

async function applyAll(migrator: Migrator, log: Log): Promise<readonly string[]> {
  for (let attempt = 1; ; attempt += 1) {
    const { error, results } = await migrator.migrateToLatest();
    if (!error) return (results ?? []).map((result) => result.migrationName);
    if (attempt === mostAttempts || !isCrossed(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    log.warn({ reason, attempt }, 'another process wrote across the migrations; they begin again');
    await sleep(attempt * pauseMs);
  }
}

async function refuseNewerData(
  database: Kysely<object>,
  schema: string,
  own: readonly string[],
): Promise<void> {
  const present = await sql<{ exists: boolean }>`
    select exists (
      select from pg_catalog.pg_tables where schemaname = ${schema} and tablename = ${migrationTable}
    ) as exists`.execute(database);
  if (present.rows[0]?.exists !== true) return;
  const applied = await sql<{ name: string }>`
    select name from ${sql.table(`${schema}.${migrationTable}`)} order by name`.execute(database);
  const unknown = applied.rows.map((row) => row.name).filter((name) => !own.includes(name));
  const found = unknown.at(-1);
  if (found === undefined) return;
  throw new SamovarError('setup.newer_data', { params: { found, own: own.at(-1) ?? 'empty' } });
}
