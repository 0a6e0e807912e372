import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { startCuttableProxy } from '../../../test/cuttable-proxy.ts';
import { createTestDatabase, testSchema } from '../../../test/postgres.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { connectPostgres, openPostgres } from './connect-postgres.ts';
import { connectionOptions, printableAddress } from './connection-options.ts';
import { isConnectionFailure } from './postgres-error.ts';

test('queries find their tables when a transaction pooler has lost the settings of the session', async () => {
  const fresh = await createTestDatabase();
  try {
    fresh.pool.on('acquire', (client) => void client.query('reset search_path'));
    const built = await fresh.database
      .withTables<{ config_version: { version: string } }>()
      .selectFrom('config_version')
      .select('version')
      .execute();
    assert.equal(built.length, 1);
    const written = await sql`select version from ${sql.table('config_version')}`.execute(fresh.database);
    assert.equal(written.rows.length, 1);
    await fresh.database.transaction().execute(async (transaction) => {
      await sql`update ${sql.table('config_version')} set version = version + 1`.execute(transaction);
    });
  } finally {
    await fresh.end();
  }
});

test('a pool whose connections are ended by the server goes on with new ones', async () => {
  const fresh = await createTestDatabase();
  const other = await connectPostgres({
    url: fresh.url,
    schema: testSchema,
    poolSize: 2,
    log: silentLog,
    caFile: null,
  });
  try {
    await sql`select 1`.execute(other.database);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(fresh.database);
    await sleep(100);
    const { rows } = await sql<{ one: number }>`select 1 as one`.execute(other.database);
    assert.deepEqual(rows, [{ one: 1 }]);
  } finally {
    await other.end();
    await fresh.end();
  }
});

test('queries on connections that a network swallowed fail, and the next ones are answered', async () => {
  const fresh = await createTestDatabase();
  const { host = '', port = 5432 } = connectionOptions({ url: fresh.url, caFile: null });
  const proxy = await startCuttableProxy({ host, port });
  const swallowed = openPostgres({
    url: `postgres://samovar@127.0.0.1:${proxy.port}${new URL(fresh.url).pathname}`,
    schema: testSchema,
    poolSize: 2,
    log: silentLog,
    caFile: null,
    statementTimeoutMs: 200,
    silenceBeyondStatementMs: 200,
  });
  try {
    const ask = () => sql<{ one: number }>`select 1 as one`.execute(swallowed.database);
    await Promise.all([ask(), ask()]);
    proxy.swallow();
    const lost = await Promise.allSettled([ask(), ask()]);
    assert.deepEqual(
      lost.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.ok(lost.every((each) => each.status === 'rejected' && isConnectionFailure(each.reason)));
    assert.deepEqual((await ask()).rows, [{ one: 1 }]);
  } finally {
    await swallowed.end();
    await proxy.end();
    await fresh.end();
  }
});

test('an address may be a Unix socket, and is shown without its secrets', () => {
  const url = 'postgres://user:pw@/db?host=/run/samovar';
  const options = connectionOptions({ url, caFile: null });
  assert.equal(options.host, '/run/samovar');
  assert.equal(options.user, 'user');
  assert.equal(options.password, 'pw');
  assert.equal(options.database, 'db');
  assert.equal(options.ssl, false);
  assert.equal(printableAddress(url), '/run/samovar');
  assert.equal(printableAddress('postgres://u:p@db.example.org/x'), 'db.example.org:5432');
});
