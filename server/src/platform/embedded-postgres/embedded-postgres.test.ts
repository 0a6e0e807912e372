import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { dataFolder } from '@samovar/contract/data-folder';
import { isRunning, signalProcess, waitForEnd } from '@samovar/contract/process-identity';
import { Client } from 'pg';
import { connectionOptions } from '../postgres/connection-options.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
import { choosePostgresPlace, makeSocketFolder } from './postgres-place.ts';
import { canEnter, postgresUser } from './postgres-user.ts';

const folders: string[] = [];
const servers: EmbeddedPostgres[] = [];

after(async () => {
  for (const server of servers) await server.stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newData(deep = '') {
  const root = mkdtempSync(join(tmpdir(), 'samovar-pg-'));
  folders.push(root);
  chmodSync(root, 0o711);
  const data = dataFolder(join(root, deep));
  for (const folder of [data.root, data.run, data.logs]) mkdirSync(folder, { recursive: true });
  return data;
}

async function start(data: ReturnType<typeof newData>): Promise<EmbeddedPostgres> {
  const user = postgresUser(data.logs);
  const server = await startEmbeddedPostgres({
    place: choosePostgresPlace(data, user),
    makeSocketFolder: () => makeSocketFolder(data, user),
    recorded: null,
  });
  servers.push(server);
  return server;
}

async function ask(server: EmbeddedPostgres, sql: string): Promise<unknown> {
  const client = new Client(connectionOptions({ url: server.url, caFile: null }));
  await client.connect();
  try {
    const result = await client.query(sql);
    return result.rows[0];
  } finally {
    await client.end();
  }
}

test('a new cluster sorts alike everywhere, checks its pages, and listens on no network address', async () => {
  const server = await start(newData());
  const facts = await ask(
    server,
    `select current_setting('data_checksums') as checksums, current_setting('listen_addresses') as addresses,
            datlocprovider as provider, datlocale as locale, pg_encoding_to_char(encoding) as encoding
       from pg_database where datname = current_database()`,
  );
  assert.deepEqual(facts, {
    checksums: 'on',
    addresses: '',
    provider: 'b',
    locale: 'C.UTF-8',
    encoding: 'UTF8',
  });
});

test('a server that outlived its supervisor is adopted with what it had committed', async () => {
  const data = newData();
  const first = await start(data);
  await ask(first, 'create table kept as select 42 as answer');
  const second = await start(data);
  assert.equal(second.adopted, true);
  assert.deepEqual(second.identity(), first.identity());
  assert.deepEqual(await ask(second, 'select answer from kept'), { answer: 42 });
});

test('after kill -9 of the postmaster it starts again under the same address with everything committed', async () => {
  const server = await start(newData());
  await ask(server, 'create table kept as select 42 as answer');
  const killed = server.identity();
  signalProcess(killed, 'SIGKILL');
  await waitForEnd(killed, 5_000);
  await server.restart();
  assert.notEqual(server.identity().pid, killed.pid);
  assert.deepEqual(await ask(server, 'select answer from kept'), { answer: 42 });
});

test('a stale lock file that names a foreign living process neither stops the start nor harms that process', async () => {
  const data = newData();
  const first = await start(data);
  await first.stop();
  const bystander = spawn('sleep', ['60']);
  const place = choosePostgresPlace(data, postgresUser(data.logs));
  writeFileSync(
    join(place.cluster, 'postmaster.pid'),
    [bystander.pid, place.cluster, 1, 5432, '/tmp', '', '0 0', 'ready', ''].join('\n'),
  );
  const second = await start(data);
  assert.equal(second.adopted, false);
  assert.equal(bystander.exitCode, null);
  bystander.kill();
  await once(bystander, 'exit');
});

test('an orderly stop ends it and removes its lock file', async () => {
  const data = newData();
  const server = await start(data);
  await server.stop();
  assert.equal(isRunning(server.identity()), false);
  assert.equal(existsSync(join(data.postgres, 'postmaster.pid')), false);
});

test('a deep data folder, whose path no socket may have, works', async () => {
  const server = await start(newData(join('d'.repeat(60), 'e'.repeat(60))));
  assert.ok(server.socketFolder.length < 90);
  assert.deepEqual(await ask(server, 'select 1 as one'), { one: 1 });
  rmSync(server.socketFolder, { recursive: true, force: true });
});

test('the password of its role is in a file that only its owner reads', async () => {
  const data = newData();
  const server = await start(data);
  const password = readFileSync(join(data.root, 'postgres-password'), 'utf8').trim();
  assert.ok(server.url.includes(password));
  const wrong = new Client(connectionOptions({ url: server.url.replace(password, 'wrong'), caFile: null }));
  await assert.rejects(wrong.connect(), /password authentication failed/);
  await wrong.end();
});

const asRoot = process.getuid?.() === 0;

test('as root, data under a folder that only root may enter get their cluster elsewhere', {
  skip: !asRoot,
}, async () => {
  const data = newData('closed');
  chmodSync(data.root, 0o700);
  const user = postgresUser(data.logs);
  assert.equal(canEnter(data.root, user), false);
  const server = await start(data);
  assert.deepEqual(await ask(server, 'select 1 as one'), { one: 1 });
  const place = choosePostgresPlace(data, user);
  assert.equal(place.cluster.startsWith(data.root), false);
  await server.stop();
  folders.push(join(place.cluster, '..'), server.socketFolder);
});
