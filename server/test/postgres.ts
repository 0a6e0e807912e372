import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Database } from '../src/kernel/ports/database.ts';
import { connectPostgres, type Postgres } from '../src/platform/postgres/connect-postgres.ts';
import { migrate } from '../src/platform/postgres/migrate.ts';
import { migrationNames, migrationsFolder } from '../src/platform/postgres/migration-names.ts';
import { startTestPostgres, type TestPostgres } from './embedded-postgres.ts';
import { silentLog } from './silent-log.ts';

/** Schema of every test database. */
export const testSchema = 'samovar';

export interface TestDatabase {
  readonly url: string;
  readonly database: Database;
  readonly pool: Postgres['pool'];
  /** Closes the pool and drops the database. */
  end(): Promise<void>;
}

let embedded: { server: Promise<TestPostgres>; users: number } | null = null;

/**
 * A fresh, migrated database: copied from a template that is made once for this set of migrations. The server is
 * the one of SAMOVAR_TEST_POSTGRES_URL (a role that may create databases), or an embedded one of this process.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = await acquireServer();
  const name = `samovar_test_${randomBytes(6).toString('hex')}`;
  await createFromTemplate(server.url, name, await migratedTemplate(server.url));
  const url = onDatabase(server.url, name);
  const postgres = await connectPostgres({
    url,
    schema: testSchema,
    poolSize: 10,
    log: silentLog,
    caFile: null,
  });
  return {
    url,
    database: postgres.database,
    pool: postgres.pool,
    async end() {
      await postgres.end();
      await onServer(server.url, (client) => client.query(`drop database if exists ${name} with (force)`));
      await server.release();
    },
  };
}

/** A fresh database without any of our tables, for tests of the migrations themselves. */
export async function createEmptyDatabase(): Promise<{ url: string; end(): Promise<void> }> {
  const server = await acquireServer();
  const name = `samovar_test_${randomBytes(6).toString('hex')}`;
  await createFromTemplate(server.url, name, 'template0');
  return {
    url: onDatabase(server.url, name),
    async end() {
      await onServer(server.url, (client) => client.query(`drop database if exists ${name} with (force)`));
      await server.release();
    },
  };
}

async function acquireServer(): Promise<{ url: string; release(): Promise<void> }> {
  const given = process.env.SAMOVAR_TEST_POSTGRES_URL;
  if (given !== undefined && given !== '') return { url: given, release: async () => {} };
  embedded ??= { server: startTestPostgres(), users: 0 };
  const mine = embedded;
  mine.users += 1;
  const server = await mine.server;
  return {
    url: server.url,
    async release() {
      mine.users -= 1;
      if (mine.users > 0) return;
      embedded = null;
      await server.stop();
    },
  };
}

async function migratedTemplate(serverUrl: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of await migrationNames())
    hash.update(name).update(await readFile(new URL(`${name}.sql`, migrationsFolder)));
  const template = `samovar_template_${hash.digest('hex').slice(0, 16)}`;
  await onServer(serverUrl, async (client) => {
    // Test processes run side by side: one makes the template, the others wait for it.
    await client.query('select pg_advisory_lock(7263541)');
    const found = await client.query('select from pg_database where datname = $1', [template]);
    if (found.rowCount !== 0) return;
    const building = `${template}_building`;
    await client.query(`drop database if exists ${building} with (force)`);
    await client.query(`create database ${building} template template0`);
    await migrate({ url: onDatabase(serverUrl, building), schema: testSchema, log: silentLog, caFile: null });
    await client.query(`alter database ${building} rename to ${template}`);
  });
  return template;
}

async function createFromTemplate(serverUrl: string, name: string, template: string): Promise<void> {
  await onServer(serverUrl, async (client) => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await client.query(`create database ${name} template ${template} strategy file_copy`);
        return;
      } catch (error) {
        // 55006: somebody is still connected to the template.
        if (attempt === 50 || !(error instanceof Error && 'code' in error && error.code === '55006'))
          throw error;
        await sleep(100);
      }
    }
  });
}

async function onServer<T>(url: string, act: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}

function onDatabase(serverUrl: string, name: string): string {
  return serverUrl.replace(/^(postgres(?:ql)?:\/\/[^/]*\/)[^?]*/, `$1${name}`);
}
