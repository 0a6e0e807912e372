import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { Client } from 'pg';
import { createEmptyDatabase, testSchema } from '../../../test/postgres.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { systemClock } from '../../kernel/clock.ts';
import { maintainUsage } from '../../modules/usage/index.ts';
import { connectPostgres } from '../../platform/postgres/connect-postgres.ts';
import { createJobQueue } from '../../platform/queue/create-job-queue.ts';
import { bringCatalogue } from './bring-catalogue.ts';
import { prepareTables } from './prepare-tables.ts';

test('a migration role without superuser rights prepares, and a running role that cannot change the schema runs', async () => {
  const empty = await createEmptyDatabase();
  const suffix = randomBytes(4).toString('hex');
  const [owner, runner] = [`samovar_owner_${suffix}`, `samovar_runner_${suffix}`];
  const admin = new Client({ connectionString: empty.url });
  await admin.connect();
  for (const role of [owner, runner]) await admin.query(`create role ${role} login password 'pw'`);
  const { rows } = await admin.query<{ name: string }>('select current_database() as name');
  await admin.query(`grant create on database ${rows[0]?.name} to ${owner}`);
  const as = (role: string) => ({
    url: empty.url.replace(/\/\/[^@/]*@/, `//${role}:pw@`),
    caFile: null,
    schema: testSchema,
    log: silentLog,
  });
  try {
    await Promise.all([prepareTables(as(owner), as(runner).url), prepareTables(as(owner), as(runner).url)]);
    const running = await connectPostgres({ ...as(runner), poolSize: 2 });
    const queue = await createJobQueue({ ...as(runner), part: 'worker' });
    try {
      await assert.rejects(sql`create table ${sql.table('forbidden')} (id int)`.execute(running.database));
      await bringCatalogue(running.database, as(runner), ['all-minilm-l6-v2']);
      await maintainUsage({
        database: running.database,
        clock: systemClock,
        log: silentLog,
        retentionDays: 30,
      });
      await assertNoStandIn(as(runner).url);
      const seen: unknown[] = [];
      const kind = { retryLimit: 0, retryDelaySeconds: 1, heartbeatSeconds: 10 };
      const handle = async (payload: object) => void seen.push(payload);
      await queue.work({ name: 'registry.import-model', ...kind, handle }, 1);
      for (let waited = 0; seen.length === 0; waited += 50) {
        assert.ok(waited < 10_000, 'the job was not worked on');
        await sleep(50);
      }
    } finally {
      await queue.stop(1000);
      await running.end();
    }
  } finally {
    for (const role of [owner, runner]) {
      await admin.query(`drop owned by ${role} cascade`);
      await admin.query(`drop role ${role}`);
    }
    await admin.end();
    await empty.end();
  }
});

/** What the running role makes up in its own session is never run with the rights of the migration role. */
async function assertNoStandIn(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`
      create temporary table usage_records_default (like ${testSchema}.usage_records);
      create function pg_temp.spy() returns trigger language plpgsql
        as $$ begin raise exception 'ran as %', current_user; end $$;
      create trigger spy before delete on usage_records_default execute function pg_temp.spy()`);
    const days = `select ${testSchema}.ensure_usage_partition('2001-02-03'), ${testSchema}.drop_usage_before('2002-01-01')`;
    await client.query(days);
    const { rows } = await client.query<{ open: boolean }>(
      `select has_function_privilege('public', '${testSchema}.drop_usage_before(date)', 'execute') as open`,
    );
    assert.deepEqual(rows, [{ open: false }]);
  } finally {
    await client.end();
  }
}

test('a default model that the catalogue lacks is named', async () => {
  const empty = await createEmptyDatabase();
  const address = { url: empty.url, caFile: null, schema: testSchema, log: silentLog };
  try {
    await prepareTables(address, empty.url);
    const postgres = await connectPostgres({ ...address, poolSize: 2 });
    try {
      await assert.rejects(bringCatalogue(postgres.database, address, ['no-such-model']), /no-such-model/);
    } finally {
      await postgres.end();
    }
  } finally {
    await empty.end();
  }
});
