import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { createTestDatabase, type TestDatabase, testSchema } from '../../../test/postgres.ts';
import { silentLog } from '../../../test/silent-log.ts';
import type { JobQueue } from '../../kernel/ports/job-queue.ts';
import { createJobQueue } from '../../platform/queue/create-job-queue.ts';
import { prepareJobQueue } from '../../platform/queue/prepare-job-queue.ts';
import type { QueueAddress } from '../../platform/queue/queue-options.ts';
import { createJobSender } from './create-job-sender.ts';

let fresh: TestDatabase;
let address: QueueAddress;
let opened = 0;
let stopped = 0;

before(async () => {
  fresh = await createTestDatabase();
  address = { url: fresh.url, caFile: null, schema: testSchema, log: silentLog };
  const kind = { name: 'asked', retryLimit: 0, retryDelaySeconds: 1, heartbeatSeconds: 10 };
  await prepareJobQueue({ ...address, kinds: [kind] });
});
after(() => fresh.end());

async function counted(of: QueueAddress): Promise<JobQueue> {
  opened += 1;
  const queue = await createJobQueue({ ...of, part: 'sender' });
  return {
    ...queue,
    async stop(graceMs) {
      await queue.stop(graceMs);
      stopped += 1;
    },
  };
}

async function jobCount(): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select count(*) from ${sql.table(`${testSchema}_jobs.job`)} where name = 'asked'`.execute(fresh.database);
  return Number(rows[0]?.count);
}

test('jobs that follow one another share one opening of the queue, which is closed when no more come', async () => {
  const sender = createJobSender(address, counted);
  const send = (name = 'asked') =>
    fresh.database.transaction().execute((transaction) => sender.send(transaction, name, {}));
  for (let job = 0; job < 10; job += 1) await send();
  await Promise.all([send(), send()]);
  assert.deepEqual([opened, stopped, await jobCount()], [1, 0, 12]);
  for (let waited = 0; stopped === 0 && waited < 10_000; waited += 50) await sleep(50);
  assert.equal(stopped, 1);
  await send();
  assert.deepEqual([opened, await jobCount()], [2, 13]);
  await assert.rejects(send('a kind that nobody has prepared'));
  await send();
  assert.deepEqual([opened, await jobCount()], [3, 14], 'after a failure it is opened anew');
});

test('a queue that does not open fails the job that was to be sent, and not the next one', async () => {
  let away = true;
  const sender = createJobSender(address, (of) =>
    away ? Promise.reject(new Error('it is away')) : counted(of),
  );
  const send = () =>
    fresh.database.transaction().execute((transaction) => sender.send(transaction, 'asked', {}));
  await assert.rejects(send(), /it is away/);
  away = false;
  await send();
});
