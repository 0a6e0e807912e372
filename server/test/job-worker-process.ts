import { setTimeout as sleep } from 'node:timers/promises';
import { createJobQueue } from '../src/platform/queue/create-job-queue.ts';
import { testSchema } from './postgres.ts';
import { silentLog } from './silent-log.ts';

// A worker whose job never ends: it says when it has begun, and is there to be killed.
const [url = ''] = process.argv.slice(2);
const queue = await createJobQueue({ url, caFile: null, schema: testSchema, log: silentLog, part: 'worker' });
await queue.work(
  {
    name: 'endless',
    retryLimit: 3,
    retryDelaySeconds: 1,
    heartbeatSeconds: 10,
    async handle() {
      process.send?.('begun');
      await sleep(3_600_000);
    },
  },
  1,
);
