import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import { createTestDatabase, type TestDatabase, testSchema } from '../../../test/postgres.ts';
import { sampleUsage } from '../../../test/sample-usage.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { createForeignScope } from '../../../test/test-principal.ts';
import { createBulkInsert } from '../../platform/postgres/bulk-insert.ts';
import { maintainUsage, queryUsage, type UsageRecord } from './index.ts';
import { encodeUsage } from './usage-rows.ts';
import { createUsageWriter } from './write-usage.ts';

const dayMs = 86_400_000;
const noon = Date.UTC(2026, 4, 20, 12);
let store: TestDatabase;

before(async () => {
  store = await createTestDatabase();
});
after(() => store.end());

async function write(records: UsageRecord[]): Promise<void> {
  await createUsageWriter(createBulkInsert(store.pool, testSchema), silentLog).write(
    encodeUsage(records),
    false,
  );
}

async function rowsIn(table: string): Promise<number> {
  return (await store.pool.query(`select count(*)::int from only ${table}`)).rows[0].count;
}

const maintain = (now: number) =>
  maintainUsage({ database: store.database, clock: { now: () => now }, log: silentLog, retentionDays: 30 });

test('records of a day without a partition are moved into it when it is made, also when two make it at once', async () => {
  await write([sampleUsage({ startedAt: noon }), sampleUsage({ startedAt: noon + dayMs })]);
  assert.equal(await rowsIn('usage_records_default'), 2);
  await Promise.all([maintain(noon), maintain(noon)]);
  assert.equal(await rowsIn('usage_records_default'), 0);
  assert.equal(await rowsIn('usage_records_20260520'), 1);
  assert.equal(await rowsIn('usage_records_20260521'), 1);
  await write([sampleUsage({ startedAt: noon + 7 * dayMs })]);
  assert.equal(await rowsIn('usage_records_20260527'), 1);
});

test('usage is summed by day, model, key and endpoint, within the time and the project asked for', async () => {
  const foreign = await createForeignScope(store.database);
  const start = Date.UTC(2026, 4, 22);
  await write([
    sampleUsage({ startedAt: start, endpoint: 'embeddings', modelName: 'm2', outputTokens: 0, status: 500 }),
    sampleUsage({ startedAt: start + dayMs, modelName: null, requestedModel: 'unknown', status: 404 }),
    sampleUsage({ startedAt: start + dayMs + 1000, reasoningTokens: 2 }),
    sampleUsage({ startedAt: start + 2 * dayMs }),
    sampleUsage({ startedAt: start, ...foreign }),
  ]);
  const query = { from: new Date(start), to: new Date(start + 2 * dayMs) };
  const by = async (groupBy: 'day' | 'model' | 'key' | 'endpoint') =>
    await queryUsage(store.database, defaultScope, { ...query, groupBy });
  const days = await by('day');
  assert.deepEqual(
    days.groups.map(({ group, requests }) => [group, requests]),
    [
      ['2026-05-22', 1],
      ['2026-05-23', 2],
    ],
  );
  assert.deepEqual(days.totals, {
    requests: 3,
    failedRequests: 2,
    inputTokens: 30,
    cachedInputTokens: 12,
    outputTokens: 10,
    reasoningTokens: 2,
  });
  for (const groupBy of ['model', 'key', 'endpoint'] as const)
    assert.deepEqual((await by(groupBy)).totals, days.totals);
  assert.deepEqual(
    (await by('model')).groups.map(({ group }) => group),
    ['m2', 'smollm2-135m-instruct', 'unknown'],
  );
});

test('days past their retention are dropped whole, late comers in the default partition too', async () => {
  await write([sampleUsage({ startedAt: Date.UTC(2025, 0, 1) })]);
  await maintain(noon + 60 * dayMs);
  const left = await store.pool.query('select min(started_at) as first from usage_records');
  assert.equal(left.rows[0].first, null);
});

test('two workers that drop the same days at once both come to an end', async () => {
  const drop = "select samovar.drop_usage_before('2001-01-03')";
  await store.pool.query(
    "select samovar.ensure_usage_partition('2001-01-01'), samovar.ensure_usage_partition('2001-01-02')",
  );
  const first = await store.pool.connect();
  try {
    await first.query('begin');
    await first.query(drop);
    const second = store.pool.query(drop);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await first.query('commit');
    await second;
  } finally {
    first.release();
  }
  const left = await store.pool.query("select to_regclass('samovar.usage_records_20010101') as found");
  assert.equal(left.rows[0].found, null);
});

test('a running role without rights on the schema makes and drops partitions too', async () => {
  const role = `samovar_runner_${process.pid}`;
  const client = await store.pool.connect();
  try {
    await client.query(`create role ${role}`);
    await client.query(`grant usage on schema ${testSchema} to ${role}`);
    await client.query(`grant execute on all functions in schema ${testSchema} to ${role}`);
    await client.query(
      `grant select, insert, update, delete on all tables in schema ${testSchema} to ${role}`,
    );
    await client.query(`set role ${role}`);
    await assert.rejects(client.query('create table samovar.mine (id int)'), /permission denied/);
    await client.query("select samovar.ensure_usage_partition('2031-01-01')");
    await client.query("select samovar.drop_usage_before('2032-01-01')");
    await client.query('reset role');
    const left = await client.query("select to_regclass('samovar.usage_records_20310101') as found");
    assert.equal(left.rows[0].found, null);
  } finally {
    await client.query(`reset role; drop owned by ${role}; drop role ${role}`);
    client.release();
  }
});
