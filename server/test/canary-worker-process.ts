import { watchCanariesJob } from '../src/modules/rollout/index.ts';
import { createConfigVersion } from '../src/platform/postgres/config-version.ts';
import { connectPostgres } from '../src/platform/postgres/connect-postgres.ts';
import { createJobQueue } from '../src/platform/queue/create-job-queue.ts';
import { testSchema } from './postgres.ts';
import { silentLog } from './silent-log.ts';

// The part of a worker process that follows canaries: it is there to be killed.
const [url = ''] = process.argv.slice(2);
const address = { url, caFile: null, schema: testSchema, log: silentLog };
const { database } = await connectPostgres({ ...address, poolSize: 2 });
const queue = await createJobQueue({ ...address, part: 'worker' });
await queue.work(watchCanariesJob({ database, configVersion: createConfigVersion(), log: silentLog }), 1);
process.send?.('working');
