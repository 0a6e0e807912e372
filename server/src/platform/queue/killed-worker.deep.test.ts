import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestDatabase, testSchema } from '../../../test/postgres.ts';
import { silentLog } from '../../../test/silent-log.ts';
import type { JobContext } from '../../kernel/ports/job-queue.ts';
import { createJobQueue } from './create-job-queue.ts';
import { prepareJobQueue } from './prepare-job-queue.ts';

const processPath = fileURLToPath(new URL('../../../test/job-worker-process.ts', import.meta.url));

test('the job of a killed worker is done by another, as the next attempt', { timeout: 90_000 }, async () => {
  const fresh = await createTestDatabase();
  const address = { url: fresh.url, caFile: null, schema: testSchema, log: silentLog };
  const kind = { name: 'endless', retryLimit: 3, retryDelaySeconds: 1, heartbeatSeconds: 10 };
  await prepareJobQueue({ ...address, kinds: [kind] });
  const queue = await createJobQueue({ ...address, part: 'worker' });
  const doomed = fork(processPath, [fresh.url]);
  try {
    await fresh.database
      .transaction()
      .execute(async (transaction) => await queue.send(transaction, 'endless', {}));
    await once(doomed, 'message');
    doomed.kill('SIGKILL');
    const done = Promise.withResolvers<number>();
    const handle = async (_: object, context: JobContext) => done.resolve(context.attempt);
    await queue.work({ ...kind, handle }, 1);
    assert.equal(await done.promise, 2);
  } finally {
    doomed.kill('SIGKILL');
    await queue.stop(1000);
    await fresh.end();
  }
});
