import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { startCuttableProxy } from '../../../test/cuttable-proxy.ts';
import { createTestDatabase, type TestDatabase, testSchema } from '../../../test/postgres.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { createConfigVersion } from './config-version.ts';
import { connectionOptions } from './connection-options.ts';
import { type ConfigWatch, watchConfigVersion } from './watch-config-version.ts';

let fresh: TestDatabase;
const configVersion = createConfigVersion();

before(async () => {
  fresh = await createTestDatabase();
});

after(async () => {
  await fresh.end();
});

function watch(options: { pollMs: number; url?: string; onChange?: () => Promise<void> }): {
  watch: ConfigWatch;
  seen: string[];
} {
  const seen: string[] = [];
  const address = { url: options.url ?? fresh.url, caFile: null, schema: testSchema, log: silentLog };
  const onChange = async (version: string) => {
    await options.onChange?.();
    seen.push(version);
  };
  return { watch: watchConfigVersion({ ...address, pollMs: options.pollMs, onChange }), seen };
}

/** The way to the database over a network that can be taken away. */
async function behindProxy() {
  const { host = '', port = 5432 } = connectionOptions({ url: fresh.url, caFile: null });
  const proxy = await startCuttableProxy({ host, port });
  const database = new URL(fresh.url.replace('@/', '@localhost/')).pathname;
  return { proxy, url: `postgres://samovar@127.0.0.1:${proxy.port}${database}` };
}

async function bump(): Promise<void> {
  await fresh.database.transaction().execute(async (transaction) => await configVersion.bump(transaction));
}

async function until(condition: () => boolean, limitMs: number): Promise<void> {
  for (const start = performance.now(); !condition(); await sleep(10))
    assert.ok(performance.now() - start < limitMs, `it did not happen within ${limitMs} ms`);
}

test('a change is loaded at once by notification, long before the next poll', async () => {
  const watched = watch({ pollMs: 60_000 });
  await watched.watch.loaded;
  await bump();
  await until(() => watched.seen.length === 2, 2000);
  await watched.watch.stop();
});

test('a change is loaded within one poll when its notification is lost', async () => {
  const watched = watch({ pollMs: 200 });
  await watched.watch.loaded;
  // The row alone, as when a pooler swallows the notification.
  await sql`update ${sql.table('config_version')} set version = version + 1`.execute(fresh.database);
  await until(() => watched.seen.length === 2, 1000);
  await watched.watch.stop();
});

test('a change that is rolled back is never seen', async () => {
  const watched = watch({ pollMs: 50 });
  await watched.watch.loaded;
  await assert.rejects(
    fresh.database.transaction().execute(async (transaction) => {
      await configVersion.bump(transaction);
      throw new Error('changed our mind');
    }),
  );
  await sleep(300);
  assert.equal(watched.seen.length, 1);
  await watched.watch.stop();
});

test('a load that fails is tried again until it succeeds, and confirms nothing before', async () => {
  let failures = 2;
  const onChange = async () => {
    if (failures > 0) {
      failures -= 1;
      throw new Error('not now');
    }
  };
  const watched = watch({ pollMs: 50, onChange });
  assert.equal(watched.watch.lastConfirmedAt(), null);
  await watched.watch.loaded;
  assert.equal(failures, 0);
  assert.ok(watched.watch.lastConfirmedAt() !== null);
  await watched.watch.stop();
});

test('while PostgreSQL is away the last confirmation stands still, and what changed meanwhile is loaded after', async () => {
  const { proxy, url } = await behindProxy();
  const watched = watch({ pollMs: 100, url });
  try {
    await watched.watch.loaded;
    proxy.cut();
    await sleep(300);
    const confirmed = watched.watch.lastConfirmedAt();
    await bump();
    await sleep(500);
    assert.equal(watched.watch.lastConfirmedAt(), confirmed);
    assert.equal(watched.seen.length, 1);
    proxy.mend();
    await until(() => watched.seen.length === 2, 5000);
    assert.ok((watched.watch.lastConfirmedAt() ?? 0) > (confirmed ?? 0));
  } finally {
    await watched.watch.stop();
    await proxy.end();
  }
});

test('who catches up finds loaded what was committed before, without a notification or a poll', async () => {
  const watched = watch({ pollMs: 1_000 });
  await watched.watch.loaded;
  for (let round = 2; round < 6; round += 1) {
    await sql`update ${sql.table('config_version')} set version = version + 1`.execute(fresh.database);
    const begunAt = performance.now();
    await watched.watch.catchUp();
    assert.equal(watched.seen.length, round);
    assert.ok(performance.now() - begunAt < 500);
  }
  await watched.watch.stop();
});

test('any number that catch up at a time make one reading, and readings have a pause between them', async () => {
  const watched = watch({ pollMs: 1_000 });
  await watched.watch.loaded;
  const begunAt = performance.now();
  await Promise.all(Array.from({ length: 10_000 }, () => watched.watch.catchUp()));
  const togetherMs = performance.now() - begunAt;
  for (let time = 0; time < 20; time += 1) await watched.watch.catchUp();
  assert.ok(performance.now() - begunAt > togetherMs + 19 * 20, 'not more often than 40 times a second');
  assert.ok(togetherMs < 500, String(togetherMs));
  await watched.watch.stop();
});

test('nobody waits long for a database that does not answer, and later not at all', async () => {
  const { proxy, url } = await behindProxy();
  const watched = watch({ pollMs: 200, url });
  await watched.watch.loaded;
  proxy.swallow();
  const begunAt = performance.now();
  await watched.watch.catchUp();
  assert.ok(performance.now() - begunAt < 1_500);
  await sleep(900);
  const awayAt = performance.now();
  await watched.watch.catchUp();
  assert.ok(performance.now() - awayAt < 20);
  proxy.cut();
  await watched.watch.stop();
  await proxy.end();
});
