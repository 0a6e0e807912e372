import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultScope } from '@samovar/contract/default-scope';
import { type CuttableProxy, startCuttableProxy } from '../../../test/cuttable-proxy.ts';
import { createTestDatabase, type TestDatabase, testSchema } from '../../../test/postgres.ts';
import { sampleUsage } from '../../../test/sample-usage.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { systemClock } from '../../kernel/clock.ts';
import { createBulkInsert } from '../../platform/postgres/bulk-insert.ts';
import { connectPostgres, type Postgres } from '../../platform/postgres/connect-postgres.ts';
import { createUsageMeter, queryUsage } from './index.ts';
import type { UsageMeterOptions } from './usage-meter.ts';

let store: TestDatabase;
let proxy: CuttableProxy;
let throughProxy: Postgres;
let spoolFolder: string;
let keyNumber = 0;
let keyId: string;

before(async () => {
  store = await createTestDatabase();
  const { host, port, user, database } = store.pool.options;
  proxy = await startCuttableProxy({ host: host ?? 'localhost', port: port ?? 5432 });
  throughProxy = await connectPostgres({
    url: `postgres://${user}@127.0.0.1:${proxy.port}/${database}`,
    schema: testSchema,
    poolSize: 4,
    log: silentLog,
    caFile: null,
  });
});

after(async () => {
  await throughProxy.end();
  await proxy.end();
  await store.end();
});

beforeEach(async (context) => {
  proxy.mend();
  spoolFolder = await mkdtemp(join(tmpdir(), 'samovar-spool-'));
  keyNumber += 1;
  keyId = `00000000-0000-7000-8000-${String(keyNumber).padStart(12, '0')}`;
  if ('after' in context) context.after(() => rm(spoolFolder, { recursive: true, force: true }));
});

function startMeter(options: Partial<UsageMeterOptions> = {}) {
  return createUsageMeter({
    bulkInsert: createBulkInsert(throughProxy.pool, testSchema),
    spoolFolder,
    flushMs: 50,
    maxBuffered: 10_000,
    log: silentLog,
    clock: systemClock,
    ...options,
  });
}

async function stored(): Promise<{ rows: number; tokens: number }> {
  const result = await store.pool.query(
    'select count(*)::int as rows, coalesce(sum(input_tokens + output_tokens), 0)::int as tokens from usage_records where key_id = $1',
    [keyId],
  );
  return result.rows[0];
}

async function untilStored(rows: number): Promise<void> {
  for (let wait = 0; wait < 200; wait += 1) {
    if ((await stored()).rows >= rows) return;
    await sleep(50);
  }
  assert.fail(`expected ${rows} records, found ${(await stored()).rows}`);
}

const waitingFiles = () => readdir(spoolFolder);

test('totals equal the sum of what was recorded', async () => {
  const meter = startMeter();
  let tokens = 0;
  for (let number = 0; number < 2500; number += 1) {
    meter.record(sampleUsage({ keyId, inputTokens: number, outputTokens: 3 }));
    tokens += number + 3;
    if (number % 500 === 0) await sleep(20);
  }
  await meter.stop();
  assert.deepEqual(await stored(), { rows: 2500, tokens });
  const report = await queryUsage(store.database, defaultScope, {
    from: new Date(Date.now() - 3_600_000),
    to: new Date(Date.now() + 1000),
    groupBy: 'key',
  });
  const own = report.groups.find((group) => group.group === keyId);
  assert.equal(own?.requests, 2500);
  assert.equal(own.inputTokens + own.outputTokens, tokens);
});

test('a record is written by itself within a flush interval', async () => {
  const meter = startMeter();
  meter.record(sampleUsage({ keyId }));
  await untilStored(1);
  await meter.stop();
});

test('what a busy process records is written in small pieces, one soon after the other', async () => {
  const pieces: number[] = [];
  const real = createBulkInsert(throughProxy.pool, testSchema);
  const meter = startMeter({
    flushMs: 1000,
    bulkInsert: {
      ...real,
      async insert(table, columns, rows, options) {
        pieces.push(rows.toString('utf8').split('\n').length - 1);
        await real.insert(table, columns, rows, options);
      },
    },
  });
  for (let step = 0; step < 50; step += 1) {
    for (let number = 0; number < 10; number += 1) meter.record(sampleUsage({ keyId }));
    await sleep(10);
  }
  await meter.stop();
  assert.equal((await stored()).rows, 500);
  assert.ok(Math.max(...pieces) < 250, `pieces of ${pieces.join(', ')}`);
});

test('while PostgreSQL is away records are spooled, and each is replayed once when it is back', async () => {
  const meter = startMeter();
  meter.record(sampleUsage({ keyId }));
  await meter.flush();
  proxy.cut();
  for (let number = 0; number < 300; number += 1) {
    meter.record(sampleUsage({ keyId }));
    if (number % 30 === 0) await sleep(30);
  }
  await meter.flush();
  assert.equal((await stored()).rows, 1);
  assert.notEqual((await waitingFiles()).length, 0);
  proxy.mend();
  await untilStored(301);
  meter.record(sampleUsage({ keyId }));
  await meter.stop();
  assert.equal((await stored()).rows, 302);
  assert.deepEqual(await waitingFiles(), []);
});

test('when PostgreSQL is slow, records are on disk after a flush interval, and are counted once in the end', async () => {
  const blocker = await store.pool.connect();
  await blocker.query('begin; lock table samovar.usage_records in access exclusive mode');
  const meter = startMeter({ flushMs: 100 });
  for (let number = 0; number < 40; number += 1) meter.record(sampleUsage({ keyId }));
  await sleep(400);
  const waiting = await Promise.all(
    (await waitingFiles()).map((name) => readFile(join(spoolFolder, name), 'utf8')),
  );
  assert.equal(waiting.join('').split('\n').length - 1, 40);
  await blocker.query('commit');
  blocker.release();
  await untilStored(40);
  await meter.stop();
  assert.equal((await stored()).rows, 40);
  assert.deepEqual(await waitingFiles(), []);
});

test('an orderly stop without PostgreSQL loses nothing: the next process replays', async () => {
  proxy.cut();
  const first = startMeter();
  for (let number = 0; number < 20; number += 1) first.record(sampleUsage({ keyId }));
  await first.stop();
  assert.equal((await stored()).rows, 0);
  proxy.mend();
  await orphanSpoolFiles();
  const next = startMeter();
  await untilStored(20);
  await next.stop();
});

test('records that were written but not confirmed are not counted twice', async () => {
  const meter = startMeter();
  const record = sampleUsage({ keyId });
  meter.record(record);
  await meter.flush();
  meter.record(record);
  meter.record(sampleUsage({ keyId }));
  await meter.stop();
  assert.equal((await stored()).rows, 2);
});

test('what a killed process spooled is replayed exactly once by others that run at the same time', async () => {
  const child = spawn(
    process.execPath,
    [new URL('../../../test/meter-without-postgres.ts', import.meta.url).pathname, spoolFolder, keyId],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const recorded = await firstLine(child.stdout);
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('close', resolve));
  const others = [startMeter(), startMeter(), startMeter()];
  await untilStored(Number(recorded));
  await Promise.all(others.map((meter) => meter.stop()));
  assert.equal((await stored()).rows, Number(recorded));
  assert.deepEqual(await waitingFiles(), []);
});

test('a record that PostgreSQL refuses does not hold up the others', async () => {
  const meter = startMeter();
  for (let number = 0; number < 50; number += 1) meter.record(sampleUsage({ keyId }));
  meter.record(sampleUsage({ keyId, projectId: '00000000-0000-7000-8000-00000000dead' }));
  meter.record(sampleUsage({ keyId, requestedModel: 'a\0b\\N\t\n\uD800' }));
  await meter.stop();
  assert.equal((await stored()).rows, 51);
});

test('a full spool and a full memory drop records with an error in the log, and memory stays bounded', async () => {
  proxy.cut();
  const errors: string[] = [];
  const log = { ...silentLog, error: (_: object, message: string) => errors.push(message) };
  const meter = createUsageMeter({
    bulkInsert: createBulkInsert(throughProxy.pool, testSchema),
    spoolFolder,
    flushMs: 1000,
    maxBuffered: 10,
    log,
    clock: systemClock,
  });
  for (let number = 0; number < 100; number += 1) meter.record(sampleUsage({ keyId }));
  await meter.flush();
  await meter.stop();
  assert.ok(errors.some((message) => message.includes('lost')));
  const lines = await Promise.all(
    (await waitingFiles()).map(
      async (name) => (await readFile(join(spoolFolder, name), 'utf8')).split('\n').length - 1,
    ),
  );
  assert.equal(
    lines.reduce((sum, count) => sum + count, 0),
    10,
  );
});

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    if (text.includes('\n')) return text.trim();
  }
  throw new Error('the child said nothing');
}

/** As if their process had ended: this test's own process lives on. */
async function orphanSpoolFiles(): Promise<void> {
  for (const name of await waitingFiles()) await utimes(join(spoolFolder, name), 0, 0);
}
