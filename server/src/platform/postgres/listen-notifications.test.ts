import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'pg-connection-string';
import { startCuttableProxy } from '../../../test/cuttable-proxy.ts';
import { createTestDatabase } from '../../../test/postgres.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { listenNotifications } from './listen-notifications.ts';

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 10) {
    assert.ok(waited < 10_000, what);
    await sleep(10);
  }
}

test('a listener hears its channel, is told after each break that it may have missed some, and hears again', async () => {
  const store = await createTestDatabase();
  const { host, port, database, user } = parse(store.url);
  const proxy = await startCuttableProxy({ host: host ?? 'localhost', port: Number(port ?? 5432) });
  const url = `postgres://${user}@127.0.0.1:${proxy.port}/${database}`;
  const notifications = listenNotifications({ url, caFile: null, log: silentLog });
  const heard: string[] = [];
  const others: string[] = [];
  const stop = notifications.subscribe('one', (payload) => heard.push(payload));
  notifications.subscribe('other', (payload) => others.push(payload));
  const send = (payload: string) => store.pool.query("select pg_notify('one', $1)", [payload]);

  await until('it listens', () => heard.length === 1 && others.length === 1);
  await send('a');
  await until('it hears', () => heard.length === 2);
  proxy.cut();
  await send('lost');
  await sleep(300);
  proxy.mend();
  await until('it is told that some may be missed', () => heard.length === 3);
  await send('b');
  await until('it hears again', () => heard.length === 4);
  assert.deepEqual(heard, ['', 'a', '', 'b']);
  assert.deepEqual(others, ['', '']);
  stop();
  await send('c');
  await sleep(100);
  assert.equal(heard.length, 4);
  const late: string[] = [];
  notifications.subscribe('one', (payload) => late.push(payload));
  assert.deepEqual(late, [''], 'who comes later may have missed some too');

  await notifications.stop();
  await proxy.end();
  await store.end();
});
