import { newId } from '../../server/src/kernel/ids.ts';
import { createTestQueue } from '../../server/test/async-queue.ts';
import { startTestPostgres } from '../../server/test/embedded-postgres.ts';
import { createTestDatabase } from '../../server/test/postgres.ts';
import { registerWorker } from '../../server/test/registered-worker.ts';
import { ratioOfPairs } from './measure/pairs.ts';
import { printRows } from './measure/report.ts';

/**
 * Asynchronous requests accepted per second (checked, limited, made durable with operation, place and body) against
 * one bare INSERT of the same body for each request, both by as many callers at once, on one PostgreSQL. Nothing takes
 * requests out meanwhile; both sides' tables are emptied before each round.
 */
const callers = 64;
const roundMs = 2_000;
// What is accepted must outlast a fall of the power: both sides wait for the disk, as in an installation.
const server = await startTestPostgres({ durable: true });
process.env.SAMOVAR_TEST_POSTGRES_URL = server.url;
const store = await createTestDatabase();
await registerWorker(store, 'unix:/nowhere');
const queue = await createTestQueue(store);
await store.pool.query(
  'create table samovar.bare (id uuid primary key, created_at timestamptz not null, body json not null)',
);
const body = JSON.stringify(queue.request().body);

try {
  const ratio = await ratioOfPairs(
    () => perSecond(() => queue.submit(queue.request())),
    () =>
      perSecond(() =>
        store.pool.query({
          name: 'bare',
          text: 'insert into samovar.bare (id, created_at, body) values ($1, now(), $2)',
          values: [newId(), body],
        }),
      ),
    7,
  );
  printRows('Accepting asynchronous requests', [
    {
      name: `accepted, ${callers} callers, queue / bare INSERT`,
      ratio,
      unit: 'requests/s',
      bar: { atLeast: 0.5 },
    },
  ]);
} finally {
  queue.operations.stop();
  await store.end();
  await server.stop();
}

async function perSecond(act: () => Promise<unknown>): Promise<number> {
  await store.pool.query(
    'truncate samovar.bare, samovar.operations, samovar.inference_queue, samovar.inference_requests',
  );
  await store.pool.query('checkpoint');
  const begunAt = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() - begunAt < roundMs) {
        await act();
        done += 1;
      }
    }),
  );
  return (done / (performance.now() - begunAt)) * 1000;
}
