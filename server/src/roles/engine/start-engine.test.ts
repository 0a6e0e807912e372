import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ProcessIdentity } from '@samovar/contract/data-folder';
import { identityOf, isRunning } from '@samovar/contract/process-identity';
import { sql } from 'kysely';
import { Client } from 'undici';
import { testModel } from '../../../test/models.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/postgres.ts';
import { addReadyModel } from '../../../test/ready-model.ts';
import { listDeployments, loadReplicaSnapshot } from '../../modules/serving/index.ts';

const main = fileURLToPath(new URL('../../main.ts', import.meta.url));
const data = mkdtempSync(join(tmpdir(), 'samovar-engine-'));
const masterKey = Buffer.alloc(32, 7).toString('base64');
const engines: ChildProcess[] = [];
let testDatabase: TestDatabase;
let versionId: string;

before(async () => {
  testDatabase = await createTestDatabase();
  versionId = await addReadyModel(testDatabase.database, data, await testModel('all-minilm-l6-v2'));
});
after(async () => {
  for (const engine of engines) engine.kill('SIGKILL');
  await testDatabase.end();
  rmSync(data, { recursive: true, force: true });
});

test('the engine role loads a real model at its start and serves it on a socket of its own', async () => {
  startEngine();
  await untilReady();
  const answer = await embed('The cat sits outside');
  assert.equal(answer.status, 200);
  assert.equal(answer.dimensions, 384);
  const status = (await listDeployments(testDatabase.database))[0];
  assert.ok((status?.residentBytes ?? 0) > 20_000_000);
});

test('a killed engine leaves no worker alive, and the next one serves again', async () => {
  const worker = await workerIdentity();
  engines.at(-1)?.kill('SIGKILL');
  await until(() => !isRunning(worker), 5_000);
  startEngine();
  await untilAnotherThan(worker);
  await untilReady();
  assert.equal((await embed('again')).status, 200);
});

test('a stopped worker that outlived its host is recognised by its identity and ended by the next host', async () => {
  const worker = await workerIdentity();
  // Frozen, it cannot notice that its host is gone.
  process.kill(worker.pid, 'SIGSTOP');
  engines.at(-1)?.kill('SIGKILL');
  await sleep(500);
  assert.ok(isRunning(worker));
  startEngine();
  await until(() => !isRunning(worker));
  await untilAnotherThan(worker);
  await untilReady();
});

test('workers inherit no settings and no secrets', async (t) => {
  if (process.platform !== 'linux') return t.skip('the environment of a process can be read on Linux only');
  const { readFile } = await import('node:fs/promises');
  const environment = await readFile(`/proc/${(await workerIdentity()).pid}/environ`, 'utf8');
  const names = environment.split('\0').map((line) => line.split('=')[0] ?? '');
  assert.ok(!names.includes('SAMOVAR_POSTGRES_URL'));
  assert.deepEqual(
    names.filter((name) => name.startsWith('SAMOVAR_') && name !== 'SAMOVAR_RUN_ID'),
    ['SAMOVAR_WORKER_START'],
  );
});

test('an engine that is killed in the middle of a load leaves a state that heals, and says what happened', async () => {
  const worker = await workerIdentity();
  const states = async () =>
    (await sql<{ state: string }>`select state from model_workers`.execute(testDatabase.database)).rows.map(
      ({ state }) => state,
    );
  process.kill(worker.pid, 'SIGKILL');
  // Its row says so as soon as the next one is being started.
  await until(async () => (await states()).some((state) => state === 'starting' || state === 'loading'));
  engines.at(-1)?.kill('SIGKILL');
  await sleep(300);
  assert.ok((await states()).every((state) => state !== 'ready'));
  startEngine();
  await untilReady();
  assert.equal((await embed('healed')).status, 200);
  const { rows } = await sql<{ from_state: string; to_state: string; reason: string }>`
    select from_state, to_state, reason from deployment_events order by id desc limit 8`.execute(
    testDatabase.database,
  );
  const healed = rows.find(({ reason }) => reason === 'unloaded: the engine host was started again');
  assert.equal(healed?.to_state, 'unloaded');
  assert.equal(rows[0]?.to_state, 'ready');
});

test('SIGTERM ends the engine in order: the running request first, then the worker, and no replica stays', async () => {
  const worker = await workerIdentity();
  const engine = engines.at(-1);
  assert.ok(engine);
  const texts = Array.from({ length: 100 }, (_, index) => `sentence ${index} of a longer list of sentences`);
  const running = embed(texts);
  await sleep(50);
  engine.kill('SIGTERM');
  assert.equal((await running).status, 200);
  assert.deepEqual(await once(engine, 'exit'), [0, null]);
  assert.ok(!isRunning(worker));
  assert.equal((await loadReplicaSnapshot(testDatabase.database)).replicas.size, 0);
});

test('model workers on TCP demand the token of the installation', async () => {
  const engine = startEngine({ SAMOVAR_WORKER_LISTEN: '127.0.0.1' });
  await untilReady();
  const [replica] = (await loadReplicaSnapshot(testDatabase.database)).replicas.get(versionId) ?? [];
  assert.match(replica?.address ?? '', /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal((await embed('no token')).status, 401);
  engine.kill('SIGTERM');
  await once(engine, 'exit');
});

function startEngine(settings: Readonly<Record<string, string>> = {}): ChildProcess {
  const engine = spawn(process.execPath, [main, 'engine'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      SAMOVAR_DATA: data,
      SAMOVAR_POSTGRES_URL: testDatabase.url,
      SAMOVAR_DRAIN_SECONDS: '10',
      SAMOVAR_ENGINE_HOST_NAME: 'test-host',
      SAMOVAR_MASTER_KEY: masterKey,
      ...settings,
    },
  });
  engines.push(engine);
  return engine;
}

async function embed(input: string | readonly string[]): Promise<{ status: number; dimensions: number }> {
  const [replica] = (await loadReplicaSnapshot(testDatabase.database)).replicas.get(versionId) ?? [];
  assert.ok(replica);
  const isSocket = replica.address.startsWith('unix:');
  const client = new Client(isSocket ? 'http://worker' : replica.address, {
    ...(isSocket ? { socketPath: replica.address.slice('unix:'.length) } : {}),
  });
  const answer = await client.request({
    method: 'POST',
    path: '/v1/embeddings',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input }),
  });
  const body = (await answer.body.json()) as { data?: { embedding: number[] }[] };
  await client.close();
  return { status: answer.statusCode, dimensions: body.data?.[0]?.embedding.length ?? 0 };
}

async function untilReady(): Promise<void> {
  await until(async () => (await loadReplicaSnapshot(testDatabase.database)).replicas.has(versionId));
}

async function untilAnotherThan(worker: ProcessIdentity): Promise<void> {
  await until(async () => {
    const now = await workerIdentityOrNull();
    return now !== null && now.pid !== worker.pid;
  });
}

async function workerIdentity(): Promise<ProcessIdentity> {
  const identity = await workerIdentityOrNull();
  assert.ok(identity);
  return identity;
}

async function workerIdentityOrNull(): Promise<ProcessIdentity | null> {
  const { rows } = await sql<{ pid: number }>`
    select pid from model_workers where state = 'ready' and pid is not null`.execute(testDatabase.database);
  return rows[0] === undefined ? null : identityOf(rows[0].pid);
}

async function until(holds: () => boolean | Promise<boolean>, limitMs = 30_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await sleep(25);
  }
}
