import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { startCuttableProxy } from '../../../test/cuttable-proxy.ts';
import { createTestDatabase, type TestDatabase, testSchema } from '../../../test/postgres.ts';
import { silentLog } from '../../../test/silent-log.ts';
import type { JobContext, JobKind } from '../../kernel/ports/job-queue.ts';
import { connectionOptions } from '../postgres/connection-options.ts';
import { createJobQueue } from './create-job-queue.ts';
import { prepareJobQueue } from './prepare-job-queue.ts';
import type { QueueAddress } from './queue-options.ts';

const kind = (name: string, retryLimit = 3): JobKind => ({
  name,
  retryLimit,
  retryDelaySeconds: 1,
  heartbeatSeconds: 10,
});

let fresh: TestDatabase;
let address: QueueAddress;

before(async () => {
  fresh = await createTestDatabase();
  address = { url: fresh.url, caFile: null, schema: testSchema, log: silentLog };
  const kinds = ['commit', 'rollback', 'retry', 'single', 'drain', 'swallowed'].map((name) => kind(name));
  // Two processes may prepare at once.
  await Promise.all([prepareJobQueue({ ...address, kinds }), prepareJobQueue({ ...address, kinds })]);
});

after(async () => {
  await fresh.end();
});

async function jobCount(name: string): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select count(*) from ${sql.table(`${testSchema}_jobs.job`)} where name = ${name}`.execute(fresh.database);
  return Number(rows[0]?.count);
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 50) {
    assert.ok(waited < 15_000, 'it did not happen within 15 seconds');
    await sleep(50);
  }
}

test('a job exists if and only if the transaction that sent it commits', async () => {
  const queue = await createJobQueue({ ...address, part: 'sender' });
  try {
    await fresh.database.transaction().execute(async (transaction) => {
      await queue.send(transaction, 'commit', { n: 1 });
    });
    await assert.rejects(
      fresh.database.transaction().execute(async (transaction) => {
        await queue.send(transaction, 'rollback', { n: 1 });
        throw new Error('changed our mind');
      }),
    );
    assert.equal(await jobCount('commit'), 1);
    assert.equal(await jobCount('rollback'), 0);
  } finally {
    await queue.stop(0);
  }
});

test('a worker whose connections a network swallowed works on with new ones', async () => {
  const { host = '', port = 5432 } = connectionOptions(address);
  const proxy = await startCuttableProxy({ host, port });
  const url = `postgres://samovar@127.0.0.1:${proxy.port}${new URL(fresh.url).pathname}`;
  const sender = await createJobQueue({ ...address, part: 'sender' });
  const worker = await createJobQueue({ ...address, url, silenceMs: 3_000, part: 'worker' });
  try {
    const seen: unknown[] = [];
    await worker.work(
      { ...kind('swallowed'), handle: async (payload: object) => void seen.push(payload) },
      1,
    );
    await sleep(500);
    proxy.swallow();
    await fresh.database
      .transaction()
      .execute(async (transaction) => await sender.send(transaction, 'swallowed', { n: 1 }));
    await until(() => seen.length === 1);
  } finally {
    await worker.stop(1000);
    await sender.stop(0);
    await proxy.end();
  }
});

test('a sent job wakes a worker of another process at once', async () => {
  const sender = await createJobQueue({ ...address, part: 'sender' });
  const worker = await createJobQueue({ ...address, part: 'worker' });
  try {
    const seen: unknown[] = [];
    await worker.work({ ...kind('rollback'), handle: async (payload: object) => void seen.push(payload) }, 1);
    await sleep(500);
    const sentAt = performance.now();
    await fresh.database
      .transaction()
      .execute(async (transaction) => await sender.send(transaction, 'rollback', { n: 7 }));
    await until(() => seen.length === 1);
    assert.ok(performance.now() - sentAt < 1500, 'it took longer than a notification takes');
    assert.deepEqual(seen, [{ n: 7 }]);
  } finally {
    await sender.stop(0);
    await worker.stop(1000);
  }
});

test('a failed job is tried again after a pause, with the next attempt as its fencing token', async () => {
  const queue = await createJobQueue({ ...address, part: 'worker' });
  try {
    const attempts: number[] = [];
    const handle = async (_: object, context: JobContext) => {
      attempts.push(context.attempt);
      if (context.attempt < 3) throw new Error('not yet');
    };
    await queue.work({ ...kind('retry'), handle }, 1);
    await fresh.database
      .transaction()
      .execute(async (transaction) => await queue.send(transaction, 'retry', {}));
    await until(() => attempts.length === 3);
    assert.deepEqual(attempts, [1, 2, 3]);
  } finally {
    await queue.stop(1000);
  }
});

test('a second job with the same key is not queued while the first waits or runs', async () => {
  const queue = await createJobQueue({ ...address, part: 'worker' });
  try {
    for (let time = 0; time < 3; time += 1)
      await fresh.database
        .transaction()
        .execute(async (transaction) => await queue.send(transaction, 'single', {}, { singletonKey: 'one' }));
    assert.equal(await jobCount('single'), 1);
    const release = Promise.withResolvers<void>();
    let running = 0;
    const handle = async () => {
      running += 1;
      await release.promise;
    };
    await queue.work({ ...kind('single'), handle }, 2);
    await until(() => running === 1);
    await fresh.database
      .transaction()
      .execute(async (transaction) => await queue.send(transaction, 'single', {}, { singletonKey: 'one' }));
    assert.equal(await jobCount('single'), 1);
    release.resolve();
  } finally {
    await queue.stop(1000);
  }
});

test('a draining process tells its jobs, and what it leaves another process does', async () => {
  const first = await createJobQueue({ ...address, part: 'worker' });
  let aborted = false;
  const started = Promise.withResolvers<void>();
  const patient = async (_: object, context: JobContext) => {
    started.resolve();
    await sleep(60_000, undefined, { signal: context.signal }).catch((error: unknown) => {
      aborted = true;
      throw error;
    });
  };
  await first.work({ ...kind('drain'), handle: patient }, 1);
  await fresh.database
    .transaction()
    .execute(async (transaction) => await first.send(transaction, 'drain', {}, { singletonKey: 'it' }));
  await started.promise;
  await first.stop(5000);
  assert.ok(aborted);

  const second = await createJobQueue({ ...address, part: 'worker' });
  try {
    const attempts: number[] = [];
    const handle = async (_: object, context: JobContext) => void attempts.push(context.attempt);
    await second.work({ ...kind('drain'), handle }, 1);
    // Sending it again ends the pause before its retry.
    await fresh.database
      .transaction()
      .execute(async (transaction) => await second.send(transaction, 'drain', {}, { singletonKey: 'it' }));
    await until(() => attempts.length === 1);
    assert.deepEqual(attempts, [2]);
  } finally {
    await second.stop(1000);
  }
});
