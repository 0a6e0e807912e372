import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { isRunning } from '@samovar/contract/process-identity';
import { sql } from 'kysely';
import { createServingFloor, type ServingFloor } from '../../../test/serving-floor.ts';
import { systemAuditContext } from '../audit/index.ts';
import { requestLoad } from './request-load.ts';
import { requestUnload } from './request-unload.ts';
import { setEngine } from './set-engine.ts';
import { setResidency } from './set-residency.ts';

let floor: ServingFloor;
before(async () => {
  floor = await createServingFloor();
});
afterEach(async () => {
  await floor.reset();
});
after(async () => {
  await floor.end();
});

const operator = () => systemAuditContext(floor.scope, 'test');

test('a model that is asked for is loaded, answers, and its progress and address can be read', async () => {
  const model = floor.addModel('one', { engineOptions: { loadMs: 600 } });
  floor.startHost();
  await floor.untilKnown(model);
  assert.equal((await floor.status(model)).state, 'unloaded');
  await Promise.all(Array.from({ length: 20 }, () => requestLoad(floor, model)));
  const loading = await floor.untilState(model, 'loading');
  assert.ok(loading.loadProgress >= 0 && loading.loadProgress < 1);
  await floor.untilState(model, 'ready');
  const [replica] = await floor.replicas(model);
  assert.match(replica?.address ?? '', /^unix:.*\.sock$/);
  assert.equal(replica?.slots, 4);
  assert.equal((await floor.call(model, { ms: 1 })).status, 200);
});

test('a preloaded model is loaded before anybody asks', async () => {
  const model = floor.addModel('one');
  floor.startHost({ preload: ['one'] });
  await floor.untilState(model, 'ready');
});

test('a ready worker that is killed is started again, and the data path is told of both', async () => {
  const model = floor.addModel('one');
  floor.startHost({ preload: ['one'] });
  const first = await floor.untilState(model, 'ready');
  const pid = await floor.workerPid(model);
  const version = await floor.configVersionNow();
  process.kill(pid, 'SIGKILL');
  const failed = await floor.untilState(model, 'failed');
  assert.match(failed.lastError ?? '', /SIGKILL/);
  assert.equal(failed.publicError, 'its worker process was ended by SIGKILL while it was serving');
  assert.deepEqual(await floor.replicas(model), []);
  await floor.untilState(model, 'ready');
  assert.notEqual(await floor.workerPid(model), pid);
  assert.ok((await floor.configVersionNow()) > version);
  assert.equal(first.hostName, 'host-a');
});

test('a worker killed while it loads is started again', async () => {
  const model = floor.addModel('one', { engineOptions: { loadMs: 400 } });
  floor.startHost({ preload: ['one'] });
  await floor.untilState(model, 'loading');
  process.kill(await floor.workerPid(model), 'SIGKILL');
  await floor.untilState(model, 'failed');
  await floor.untilState(model, 'ready');
});

test('a model that cannot be loaded is tried again with growing pauses, and the reason can be read', async () => {
  const broken = join(floor.folder, 'broken');
  const journal = join(floor.folder, 'journal');
  writeFileSync(broken, '');
  const model = floor.addModel('one', { engineOptions: { failWhile: broken, journal } });
  floor.startHost({ preload: ['one'] });
  const failed = await floor.untilState(model, 'failed');
  assert.match(failed.lastError ?? '', /ended with code 3: the weights are broken/);
  assert.equal(failed.publicError, 'its worker process ended with code 3 while it was loading');
  await floor.until(async () => (await floor.status(model)).attempt >= 2);
  const startsSoFar = readFileSync(journal, 'utf8').trim().split('\n').length;
  assert.ok(startsSoFar <= 3, `${startsSoFar} starts`);
  rmSync(broken);
  await floor.untilState(model, 'ready');
});

test('the least recently used model makes room, the pinned one never', async () => {
  const need = 100;
  const pinned = floor.addModel('pinned', { weightsBytes: need });
  const older = floor.addModel('older', { weightsBytes: need });
  const newer = floor.addModel('newer', { weightsBytes: need });
  const fourth = floor.addModel('fourth', { weightsBytes: need });
  floor.startHost({ memoryBudgetBytes: 3 * need });
  await floor.untilKnown(fourth);
  await setResidency(floor, operator(), pinned.versionId, { pinned: true });
  await floor.untilState(pinned, 'ready');
  for (const model of [older, newer]) {
    await requestLoad(floor, model);
    await floor.untilState(model, 'ready');
  }
  await floor.call(older, { ms: 1 });
  await floor.call(newer, { ms: 1 });
  await requestLoad(floor, fourth);
  await floor.untilState(fourth, 'ready');
  assert.equal((await floor.status(older)).state, 'unloaded');
  assert.equal((await floor.status(newer)).state, 'ready');
  assert.equal((await floor.status(pinned)).state, 'ready');
});

test('a model changes its engine while it is loaded, waits for one that is not built, and goes back', async () => {
  let built = false;
  const journal = join(floor.folder, 'engines');
  const model = floor.addModel('one', { engineOptions: { journal } });
  floor.startHost({ preload: ['one'], unbuilt: () => !built });
  await floor.untilState(model, 'ready');
  const first = await floor.workerPid(model);
  await setEngine(floor, operator(), model, 'llama-server');
  const waiting = await floor.untilState(model, 'failed');
  assert.deepEqual([waiting.engine, waiting.lastError], ['llama-server', 'the second engine is not built']);
  assert.ok(!pidLives(first));
  built = true;
  await floor.untilState(model, 'ready');
  const starts = () => readFileSync(journal, 'utf8').trim().split('\n');
  assert.match(starts().at(-1) ?? '', /llama-server \/the\/program$/);
  await setEngine(floor, operator(), model, 'llama-cpp');
  await floor.until(async () => starts().length === 3);
  await floor.untilState(model, 'ready');
  assert.match(starts().at(-1) ?? '', /llama-cpp$/);
  assert.equal((await floor.status(model)).engine, null);
  await assert.rejects(setEngine(floor, operator(), model, 'onnx'), { code: 'request.invalid' });
  const embedder = { ...model, manifest: { ...model.manifest, task: 'embedding' as const } };
  await assert.rejects(setEngine(floor, operator(), embedder, 'llama-server'), {
    code: 'request.invalid',
    params: { parameter: 'engine', reason: 'this model runs on llama-cpp' },
  });
});

test('a model that can never fit is refused with both sizes, and other models go on', async () => {
  const huge = floor.addModel('huge', { weightsBytes: 3e6 });
  const small = floor.addModel('small', { weightsBytes: 1e6 });
  floor.startHost({ memoryBudgetBytes: 2e6, preload: ['huge', 'small'] });
  const refused = await floor.untilState(huge, 'failed');
  assert.match(refused.lastError ?? '', /needs 3 MB, and of the memory budget of 2 MB/);
  assert.equal(refused.refused, true);
  await floor.untilState(small, 'ready');
});

test('a model that nobody calls is unloaded, and loaded again when asked for', async () => {
  const model = floor.addModel('one');
  floor.startHost({ idleUnloadSeconds: 1, preload: ['one'] });
  await floor.untilState(model, 'ready');
  const pid = await floor.workerPid(model);
  await floor.untilState(model, 'unloaded');
  await floor.until(async () => !pidLives(pid));
  await requestLoad(floor, model);
  await floor.untilState(model, 'ready');
});

test('an operator unloads a model while it answers, and the running request ends well', async () => {
  const model = floor.addModel('one');
  floor.startHost({ preload: ['one'] });
  await floor.untilState(model, 'ready');
  const running = floor.call(model, { ms: 1500 });
  await floor.until(async () => (await floor.openRequests(model)) === 1);
  await requestUnload(floor, operator(), model.versionId);
  await floor.untilState(model, 'draining');
  assert.deepEqual(await floor.replicas(model), []);
  assert.equal((await running).status, 200);
  await floor.untilState(model, 'unloaded');
});

test('of two hosts exactly one runs a model, and the other takes it over when the first gives no sign', async () => {
  const model = floor.addModel('one');
  const first = floor.startHost({ name: 'host-a', preload: ['one'] });
  const second = floor.startHost({ name: 'host-b', preload: ['one'] });
  await floor.untilState(model, 'ready');
  await floor.pause(1500);
  const { rows } = await sql<{ count: string }>`
    select count(*) from model_workers where state not in ('unloaded', 'failed')`.execute(floor.database);
  assert.equal(rows[0]?.count, '1');
  const { hostName } = await floor.status(model);
  const [holder, other] = hostName === 'host-a' ? [first, second] : [second, first];
  // The lease is taken away, as it is from a host that gave no sign: it learns so and ends its workers.
  const pid = await floor.workerPid(model);
  await floor.silence(hostName ?? '');
  await floor.until(async () => (await floor.status(model)).hostName === other.name);
  await floor.untilState(model, 'ready');
  await floor.until(async () => !pidLives(pid));
  await holder.stop(0);
});

test('a second process of the same host waits for the first', async () => {
  const model = floor.addModel('one');
  const first = floor.startHost({ preload: ['one'] });
  await floor.untilState(model, 'ready');
  const pid = await floor.workerPid(model);
  const second = floor.startHost({ preload: ['one'] });
  await floor.pause(1200);
  assert.equal(await floor.workerPid(model), pid);
  await first.stop(0);
  await floor.until(async () => (await floor.replicas(model)).length === 1);
  assert.notEqual(await floor.workerPid(model), pid);
  await second.stop(0);
});

test('while PostgreSQL is away a killed worker is started again, at once known when it is back', async () => {
  const journal = join(floor.folder, 'away');
  const model = floor.addModel('one', { engineOptions: { journal } });
  floor.startHost({ preload: ['one'] });
  await floor.untilState(model, 'ready');
  const pid = await floor.workerPid(model);
  const giveBack = await floor.takeDatabaseAway();
  try {
    process.kill(pid, 'SIGKILL');
    await floor.until(async () => readFileSync(journal, 'utf8').trim().split('\n').length === 2);
  } finally {
    await giveBack();
  }
  await floor.until(async () => {
    // In this order: the row of the killed worker says that it is ready until it is written anew.
    const isNew = (await floor.workerPid(model)) !== pid;
    return isNew && (await floor.replicas(model)).length === 1;
  });
  assert.equal((await floor.call(model, { ms: 1 })).status, 200);
});

test('an engine host stops its workers also while PostgreSQL is away', async () => {
  const model = floor.addModel('one');
  const host = floor.startHost({ preload: ['one'] });
  await floor.untilState(model, 'ready');
  const pid = await floor.workerPid(model);
  const giveBack = await floor.takeDatabaseAway();
  try {
    await host.stop(1000);
    assert.ok(!pidLives(pid));
  } finally {
    await giveBack();
  }
});

test('the workers of a host that gives no sign are released when its lease has run out', async () => {
  const model = floor.addModel('one');
  const lost = floor.startHost({ name: 'host-lost', preload: ['one'] });
  await floor.untilState(model, 'ready');
  await lost.stop(0);
  // As it stands after the machine was switched off.
  await sql`update engine_hosts set lease_token = id, lease_until = now() - interval '1 second'`.execute(
    floor.database,
  );
  await sql`update model_workers set state = 'ready', address = 'unix:/nowhere'`.execute(floor.database);
  floor.startHost({ name: 'host-b', leaseMs: 1000, preload: ['one'] });
  await sql`insert into engine_hosts (id, name, lease_until, memory_budget_bytes, threads, engines, pid, process_started_at)
    select gen_random_uuid(), 'host-of-old', now() - interval '2 days', 1, 1, '{}', 1, ''`.execute(
    floor.database,
  );
  assert.equal((await floor.replicas(model)).length, 1);
  assert.match((await floor.status(model)).lastError ?? '', /host-lost gives no sign/);
  await floor.until(async () => (await floor.status(model)).hostName === 'host-b');
  await floor.untilState(model, 'ready');
  assert.doesNotMatch((await floor.replicas(model))[0]?.address ?? '', /nowhere/);
  const { rows } = await sql<{ name: string }>`select name from engine_hosts order by name`.execute(
    floor.database,
  );
  assert.deepEqual(
    rows.map((row) => row.name),
    ['host-b', 'host-lost'],
  );
});

test('an orderly stop leaves no process and no replica behind', async () => {
  const model = floor.addModel('one');
  const host = floor.startHost({ preload: ['one'] });
  await floor.untilState(model, 'ready');
  const pid = await floor.workerPid(model);
  await host.stop(1000);
  assert.ok(!pidLives(pid));
  assert.deepEqual(await floor.replicas(model), []);
});

test('threads are shared out and stay within the host', async () => {
  const one = floor.addModel('one');
  const two = floor.addModel('two');
  floor.startHost({ threads: 4, preload: ['one', 'two'] });
  await floor.untilState(one, 'ready');
  await floor.untilState(two, 'ready');
  assert.deepEqual([(await floor.status(one)).threads, (await floor.status(two)).threads].toSorted(), [1, 3]);
});

function pidLives(pid: number): boolean {
  const identity = floor.identities.get(pid);
  return identity !== undefined && isRunning(identity);
}
