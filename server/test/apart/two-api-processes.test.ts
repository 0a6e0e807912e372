import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'pg-connection-string';
import { freePort } from '../free-port.ts';
import { type NotificationSwallower, startNotificationSwallower } from '../notification-swallower.ts';
import { type ApartInstallation, createApartInstallation } from './installation.ts';

/** Two api processes whose PostgreSQL never lets a notification through. */
let installation: ApartInstallation;
let swallower: NotificationSwallower;
let urls: string[];

before(async () => {
  installation = await createApartInstallation();
  const { host, port } = parse(installation.postgresUrl);
  swallower = await startNotificationSwallower({ host: host ?? '', port: Number(port ?? 5432) });
  const database = new URL(installation.postgresUrl);
  database.host = `127.0.0.1:${swallower.port}`;
  urls = await Promise.all(
    ['first', 'second'].map(async () => {
      const own = await freePort();
      await installation.start('api', { SAMOVAR_POSTGRES_URL: database.href, SAMOVAR_PORT: String(own) });
      return `http://127.0.0.1:${own}`;
    }),
  );
});
after(async () => {
  await installation?.end();
  await swallower?.end();
});

test('without notifications a key works everywhere within a second, and its revocation too', async () => {
  const [first = '', second = ''] = urls;
  const made = await call(first, 'POST', '/api/keys', { name: 'lost' });
  const { id, secret } = made.body as { id: string; secret: string };
  for (const url of urls) await within(1_000, async () => (await statusWith(url, secret)) === 200);
  const revoked = await call(second, 'DELETE', `/api/keys/${id}`);
  assert.ok(revoked.status < 300, String(revoked.status));
  const revokedAt = performance.now();
  for (const url of urls) await within(1_000, async () => (await statusWith(url, secret)) === 401);
  assert.ok(performance.now() - revokedAt < 1_000);
  assert.ok(swallower.swallowed > 0, 'notifications were really lost');
});

test('a call repeated at another api process with the same Idempotency-Key gets the first answer', async () => {
  const [first = '', second = ''] = urls;
  const headers = { 'idempotency-key': 'apart-1' };
  const once = await call(first, 'POST', '/api/keys', { name: 'once' }, headers);
  const again = await call(second, 'POST', '/api/keys', { name: 'once' }, headers);
  assert.deepEqual([again.status, again.body], [once.status, once.body]);
  assert.equal(again.replayed, true);
  assert.equal(await keysNamed('once'), 1);
  const other = await call(second, 'POST', '/api/keys', { name: 'other' }, headers);
  assert.ok(other.status >= 400 && other.status < 500, String(other.status));
  assert.equal(await keysNamed('other'), 0);
});

test('the same call sent to both at once is done once', async () => {
  const headers = { 'idempotency-key': 'apart-2' };
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, number) =>
      call(urls[number % 2] ?? '', 'POST', '/api/keys', { name: 'raced' }, headers),
    ),
  );
  assert.equal(await keysNamed('raced'), 1);
  const made = answers.filter(({ status }) => status < 300);
  assert.ok(made.length > 0);
  assert.equal(new Set(made.map(({ body }) => JSON.stringify(body))).size, 1);
  for (const { status } of answers) assert.ok(status < 300 || status === 409, String(status));
});

async function call(
  url: string,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown; replayed: boolean }> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${installation.key}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    body: text === '' ? null : JSON.parse(text),
    replayed: answer.headers.get('idempotent-replayed') === 'true',
  };
}

async function statusWith(url: string, secret: string): Promise<number> {
  const answer = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } });
  await answer.arrayBuffer();
  return answer.status;
}

async function keysNamed(name: string): Promise<number> {
  const { body } = await call(urls[0] ?? '', 'GET', '/api/keys');
  return JSON.stringify(body).split(`"name":"${name}"`).length - 1;
}

async function within(limitMs: number, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `not within ${limitMs} ms`);
    await pause(20);
  }
}
