/* Started by a test: meters requests with PostgreSQL out of reach, says how many are on disk, and waits to be killed. */
import { systemClock } from '../src/kernel/clock.ts';
import { createUsageMeter } from '../src/modules/usage/index.ts';
import { sampleUsage } from './sample-usage.ts';
import { silentLog } from './silent-log.ts';

const [, , spoolFolder = '', keyId = ''] = process.argv;
const away = () => Promise.reject(new Error('PostgreSQL is out of reach of this process'));
const meter = createUsageMeter({
  bulkInsert: { insert: away, check: away },
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
