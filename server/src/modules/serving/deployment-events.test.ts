import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { createNotificationHub } from '../../../test/notification-hub.ts';
import { createServingFloor, type ServingFloor } from '../../../test/serving-floor.ts';
import { systemAuditContext } from '../audit/index.ts';
import type { ServedModel } from '../registry/index.ts';
import { changeDeployment } from './change-deployment.ts';
import type { DeploymentEvent } from './deployment-event.ts';
import { selectEvents } from './event-store.ts';
import { followDeployment } from './follow-deployment.ts';
import { selectLogLines } from './log-store.ts';
import { selectMeasurements } from './measurement-store.ts';
import { requestLoad } from './request-load.ts';
import { requestUnload } from './request-unload.ts';
import { setResidency } from './set-residency.ts';
import { tidyDeployments } from './tidy-deployments-job.ts';

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
const MB = 1e6;

async function eventsOf(model: ServedModel): Promise<readonly DeploymentEvent[]> {
  const { deploymentId } = await floor.status(model);
  return await selectEvents(floor.database, floor.scope, deploymentId, { after: null, limit: 1000 });
}

const walkOf = (events: readonly DeploymentEvent[]) =>
  events.filter(({ kind }) => kind === 'state').map(({ from, to }) => `${from} → ${to}`);

async function set(model: ServedModel, change: Parameters<typeof changeDeployment>[3]): Promise<void> {
  const { deploymentId } = await floor.status(model);
  await changeDeployment(floor, operator(), { deploymentId, model }, change);
}

test('every change of a state is kept with its reason, none is left out', async () => {
  const model = floor.addModel('one', { engineOptions: { loadMs: 300, residentBytes: 40 * 2 ** 20 } });
  floor.startHost({ idleUnloadSeconds: 1 });
  await floor.untilKnown(model);
  await requestLoad(floor, model);
  await floor.untilState(model, 'ready');
  await floor.untilState(model, 'unloaded');
  const events = await eventsOf(model);
  assert.deepEqual(walkOf(events), [
    'unloaded → on-disk',
    'on-disk → starting',
    'starting → loading',
    'loading → ready',
    'ready → draining',
    'draining → unloaded',
  ]);
  const reasons = events.map(({ reason }) => reason);
  assert.match(reasons[0] ?? '', /^to be loaded on host-a: it was asked for \(needs 1 MB\)$/);
  assert.match(reasons[3] ?? '', /^loaded in \d+\.\d s$/);
  assert.equal(reasons[4], 'unloaded: idle for 1 s');
  const [measured] = await selectMeasurements(floor.database, [model.versionId]);
  assert.equal(measured?.hardware, 'test, 2 cores, cpu');
  assert.equal(measured?.residentBytes, 40 * 2 ** 20);
  assert.ok((measured?.loadMs ?? 0) >= 300, String(measured?.loadMs));
});

test('a model that makes room is told for whom, and how much that one needs', async () => {
  const old = floor.addModel('old', { weightsBytes: 6 * MB });
  const fresh = floor.addModel('fresh', { weightsBytes: 5 * MB });
  floor.startHost({ memoryBudgetBytes: 10 * MB, preload: ['old'] });
  await floor.untilState(old, 'ready');
  await requestLoad(floor, fresh);
  await floor.untilState(fresh, 'ready');
  const reasons = (await eventsOf(old)).map(({ reason }) => reason);
  assert.ok(reasons.includes('unloaded: to make room for fresh (needs 5 MB)'), reasons.join('\n'));
  const waited = (await eventsOf(fresh)).find(({ kind }) => kind === 'decision');
  assert.match(waited?.reason ?? '', /^not loaded: needs 5 MB; .*\(place 1 in the queue\)$/);
});

test('what cannot fit is told with both sizes and the models in the way, and taken back when it can', async () => {
  const pinned = floor.addModel('pinned', { weightsBytes: 6 * MB });
  const large = floor.addModel('large', { weightsBytes: 5 * MB });
  floor.startHost({ memoryBudgetBytes: 10 * MB });
  await floor.untilKnown(large);
  await setResidency(floor, operator(), pinned.versionId, { pinned: true });
  await floor.untilState(pinned, 'ready');
  await requestLoad(floor, large);
  const refused = await floor.untilState(large, 'failed');
  assert.equal(
    refused.reason,
    'not loaded: it needs 5 MB, and of the memory budget of 10 MB at most 4 MB can be freed (always loaded or pinned: pinned) (raise SAMOVAR_ENGINE_MEMORY_BYTES, or unload pinned models)',
  );
  await requestUnload(floor, operator(), pinned.versionId);
  await floor.untilState(large, 'ready');
});

test('those that wait know their place and why, and are loaded in the order in which they came', async () => {
  const pinned = floor.addModel('pinned', { weightsBytes: 2 * MB });
  const running = floor.addModel('running', { weightsBytes: 6 * MB });
  const second = floor.addModel('second', { weightsBytes: 6 * MB });
  const third = floor.addModel('third', { weightsBytes: 6 * MB });
  floor.startHost({ memoryBudgetBytes: 10 * MB, preload: ['running'] });
  await floor.untilState(running, 'ready');
  await setResidency(floor, operator(), pinned.versionId, { pinned: true });
  await floor.untilState(pinned, 'ready');
  const request = floor.call(running, { ms: 4_000 });
  await requestLoad(floor, second);
  await floor.until(async () => (await floor.status(second)).queue !== null);
  await requestLoad(floor, third);
  await floor.until(async () => (await floor.status(third)).queue !== null);
  const places = await Promise.all([second, third].map(async (model) => (await floor.status(model)).queue));
  assert.deepEqual(
    places.map((place) => place?.position),
    [1, 2],
  );
  assert.equal(places[0]?.reason, 'not loaded: needs 6 MB; running makes room for it when its turn is over');
  assert.equal(
    places[1]?.reason,
    'not loaded: needs 6 MB, 2 MB can be freed (pinned: pinned; busy: running); others wait before it',
  );
  assert.equal((await request).status, 200);
  await floor.untilState(second, 'ready');
  assert.equal((await floor.status(second)).queue, null);
  await floor.until(async () => (await floor.status(third)).queue?.position === 1);
  await floor.untilState(third, 'ready');
});

test('a model that another host runs makes nobody go on this one', async () => {
  const shared = floor.addModel('shared', { weightsBytes: 6 * MB });
  const own = floor.addModel('own', { weightsBytes: 6 * MB });
  floor.startHost({ name: 'host-a', memoryBudgetBytes: 10 * MB });
  await floor.untilKnown(own);
  await setResidency(floor, operator(), shared.versionId, { pinned: true });
  await floor.untilState(shared, 'ready');
  floor.startHost({ name: 'host-b', memoryBudgetBytes: 10 * MB });
  await requestLoad(floor, own);
  const status = await floor.untilState(own, 'ready');
  assert.equal(status.hostName, 'host-b');
  const pid = await floor.workerPid(own);
  await floor.pause(1_500);
  assert.equal(await floor.workerPid(own), pid);
  assert.equal((await floor.status(own)).state, 'ready');
  assert.deepEqual((await floor.status(shared)).queue, null);
});

test('changed options load a model again, when its running answers have ended', async () => {
  const journal = join(floor.folder, 'threads');
  const model = floor.addModel('one', { engineOptions: { journal } });
  floor.startHost({ preload: ['one'], threads: 4 });
  await floor.untilState(model, 'ready');
  const pid = await floor.workerPid(model);
  const running = floor.call(model, { ms: 1_500 });
  await floor.until(async () => (await floor.openRequests(model)) > 0);
  await set(model, { options: { threads: 1, parallelSequences: 2 } });
  assert.equal((await running).status, 200);
  await floor.until(
    async () => (await floor.status(model)).state === 'ready' && (await floor.workerPid(model)) !== pid,
  );
  assert.equal((await floor.replicas(model))[0]?.slots, 2);
  assert.equal((await floor.status(model)).threads, 1);
  const reasons = (await eventsOf(model)).map(({ reason }) => reason);
  assert.ok(reasons.includes('unloaded: to be loaded again with the options that were set'));
  await set(model, { options: { threads: null } });
  await floor.until(async () => (await floor.status(model)).threads > 1);
});

test('what an engine does not honour is refused by its name, and too long a context with the limit', async () => {
  const model = floor.addModel('one');
  floor.startHost();
  await floor.untilKnown(model);
  const onOnnx = { ...model, manifest: { ...model.manifest, engine: 'onnx' as const } };
  const { deploymentId } = await floor.status(model);
  await assert.rejects(
    changeDeployment(floor, operator(), { deploymentId, model: onOnnx }, { options: { kvCache: 'q8_0' } }),
    { code: 'engine.unsupported_parameter', params: { parameter: 'kvCache' } },
  );
  await assert.rejects(set(model, { options: { contextTokens: 129 } }), /at most 128 tokens/);
  await assert.rejects(set(model, { base: model.versionId }), /only a LoRA adapter/);
});

test('a deployment has an idle time-out of its own', async () => {
  const [quick, never] = [floor.addModel('quick'), floor.addModel('never')];
  floor.startHost({ idleUnloadSeconds: 2, preload: ['quick', 'never'] });
  await floor.untilKnown(never);
  await set(quick, { idleSeconds: 1 });
  await set(never, { idleSeconds: 0 });
  await Promise.all([quick, never].map((model) => floor.untilState(model, 'ready')));
  await floor.untilState(quick, 'unloaded');
  assert.equal((await floor.status(quick)).reason, 'unloaded: idle for 1 s');
  await floor.pause(2_500);
  assert.equal((await floor.status(never)).state, 'ready');
});

test('whoever follows sees the past first, then all that happens, and goes on after an event without a gap', async () => {
  const model = floor.addModel('one', { engineOptions: { loadMs: 3_000 } });
  floor.startHost();
  await floor.untilKnown(model);
  const { deploymentId } = await floor.status(model);
  const deps = { database: floor.database, notifications: createNotificationHub() };
  const stop = new AbortController();
  const told: string[] = [];
  const progress: number[] = [];
  let lastId: string | null = null;
  const following = (async () => {
    const options = { after: null, history: 100, signal: stop.signal };
    for await (const news of followDeployment(deps, floor.scope, deploymentId, options)) {
      if (news.kind === 'status') progress.push(news.status.loadProgress);
      else told.push(`${news.event.from} → ${news.event.to}`);
      if (news.kind === 'event') lastId = news.event.id;
    }
  })();
  await requestLoad(floor, model);
  await floor.untilState(model, 'ready');
  await floor.until(async () => told.includes('loading → ready'));
  stop.abort();
  await following;
  assert.deepEqual(told, walkOf(await eventsOf(model)));
  assert.ok(
    progress.some((value) => value > 0 && value < 1),
    `progress ${progress.join(' ')}`,
  );
  await requestUnload(floor, operator(), model.versionId);
  await floor.untilState(model, 'unloaded');
  const again = new AbortController();
  const missed: string[] = [];
  const options = { after: lastId, history: 100, signal: again.signal };
  for await (const news of followDeployment(deps, floor.scope, deploymentId, options)) {
    if (news.kind === 'event') missed.push(`${news.event.from} → ${news.event.to}`);
    else again.abort();
  }
  assert.deepEqual(missed, ['null → null', 'ready → draining', 'draining → unloaded']);
});

test('what a worker writes on either output can be read on another machine, also its last words', async () => {
  const broken = join(floor.folder, 'broken-words');
  writeFileSync(broken, '');
  const model = floor.addModel('one', { engineOptions: { failWhile: broken, says: 'hello' } });
  floor.startHost({ preload: ['one'] });
  await floor.untilState(model, 'failed');
  const { deploymentId } = await floor.status(model);
  const read = () => selectLogLines(floor.database, floor.scope, deploymentId, { after: null, limit: 100 });
  await floor.until(async () => (await read()).length >= 3);
  const lines = (await read()).map(({ line }) => line);
  assert.ok(lines.includes('hello to one'), lines.join('\n'));
  assert.deepEqual(lines.filter((line) => line !== 'hello to one').slice(0, 2), [
    'hello to the other',
    'and without an endthe weights are broken',
  ]);
});

test('a worker that fails is told of with what it wrote, and events of a week of failures stay within bounds', async () => {
  const broken = join(floor.folder, 'broken-events');
  writeFileSync(broken, '');
  const model = floor.addModel('one', { engineOptions: { failWhile: broken } });
  floor.startHost({ preload: ['one'] });
  await floor.untilState(model, 'failed');
  const failed = (await eventsOf(model)).find(({ to }) => to === 'failed');
  assert.equal(failed?.reason, 'its worker process ended with code 3 while it was loading');
  assert.match(String(failed?.detail.error), /the weights are broken/);
  const { deploymentId } = await floor.status(model);
  await floor.database
    .withTables<{ deployment_events: Record<string, unknown> }>()
    .insertInto('deployment_events')
    .values(
      Array.from({ length: 1_500 }, () => ({
        organization_id: floor.scope.organizationId,
        project_id: floor.scope.projectId,
        deployment_id: deploymentId,
        kind: 'decision',
        reason: 'test',
      })),
    )
    .execute();
  await tidyDeployments(floor.database);
  const kept = await selectEvents(floor.database, floor.scope, deploymentId, { after: '0', limit: 2_000 });
  assert.ok(kept.length <= 1_010, String(kept.length));
});
