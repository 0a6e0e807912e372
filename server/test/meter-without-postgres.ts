/* Started by a test: meters requests with PostgreSQL out of reach, says how many are on disk, and waits to be killed. */
import { Pool } from 'pg';
import { systemClock } from '../src/kernel/clock.ts';
import { createUsageMeter } from '../src/modules/usage/index.ts';
import { createBulkInsert } from '../src/platform/postgres/bulk-insert.ts';
import { sampleUsage } from './sample-usage.ts';
import { silentLog } from './silent-log.ts';

const [, , spoolFolder = '', keyId = ''] = process.argv;
// Nothing listens on port 1.
const pool = new Pool({ host: '127.0.0.1', port: 1 });
const meter = createUsageMeter({
  bulkInsert: createBulkInsert(pool, 'samovar'),
  spoolFolder,
  flushMs: 20,
  maxBuffered: 1000,
  log: silentLog,
  clock: systemClock,
});
for (let number = 0; number < 250; number += 1) meter.record(sampleUsage({ keyId }));
await meter.flush();
process.stdout.write('250\n');
setInterval(() => {}, 1000);
