import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PlannedResident, planResidency, type Waiting } from './plan-residency.ts';

const now = 1_000_000;

const resident = (deploymentId: string, more: Partial<PlannedResident> = {}): PlannedResident => ({
  deploymentId,
  needBytes: 10,
  evictable: true,
  priority: 0,
  activeRequests: 0,
  lastUsedAt: now - 60_000,
  loading: false,
  leaving: false,
  readyAt: now - 60_000,
  loadMs: 1_000,
  ...more,
});

const waiting = (deploymentId: string, more: Partial<Waiting> = {}): Waiting => ({
  deploymentId,
  needBytes: 10,
  stays: false,
  priority: 0,
  since: now,
  ...more,
});

const places = (plan: ReturnType<typeof planResidency>) =>
  plan.decisions.map((each) =>
    `${each.deploymentId} ${each.kind} ${each.kind === 'wait' ? each.position : ''}`.trim(),
  );

test('who waited longest is loaded first, and the others know their place', () => {
  const plan = planResidency(
    10,
    [],
    [waiting('c', { since: 3 }), waiting('a', { since: 1 }), waiting('b', { since: 2 })],
    now,
  );
  assert.deepEqual(places(plan), ['a start', 'b wait 1', 'c wait 2']);
});

test('an idle model makes room at once, one in use when its turn is over', () => {
  const idle = planResidency(10, [resident('old')], [waiting('new')], now);
  assert.deepEqual(idle.evictions, [{ deploymentId: 'old', for: 'new' }]);
  const busy = (readyAt: number, loadMs = 1_000) =>
    planResidency(10, [resident('old', { activeRequests: 2, readyAt, loadMs })], [waiting('new')], now);
  assert.deepEqual(busy(now - 9_000).evictions, []);
  assert.deepEqual(busy(now - 9_000).decisions[0], {
    kind: 'wait',
    deploymentId: 'new',
    position: 1,
    cause: { kind: 'yielding', from: ['old'] },
  });
  assert.deepEqual(busy(now - 10_000).evictions, [{ deploymentId: 'old', for: 'new' }]);
  assert.deepEqual(busy(now - 10_000, 20_000).evictions, [], 'what loads long serves long');
  assert.deepEqual(busy(now - 60_000, 200_000).evictions.length, 1, 'but not longer than a minute');
});

test('a model between two requests of a client is in use', () => {
  const plan = planResidency(
    10,
    [resident('old', { lastUsedAt: now - 1_000, readyAt: now - 5_000 })],
    [waiting('new')],
    now,
  );
  assert.deepEqual(plan.evictions, []);
});

test('a freshly loaded model is left alone, so that the requests that waited find it', () => {
  const fresh = resident('fresh', { readyAt: now - 2_000, lastUsedAt: now - 2_000 });
  assert.deepEqual(planResidency(10, [fresh], [waiting('new')], now).evictions, []);
});

test('lower priority yields first and at once, higher only after a longer turn', () => {
  const two = [resident('low', { priority: -1, lastUsedAt: now - 10 }), resident('high', { lastUsedAt: 0 })];
  const plan = planResidency(20, two, [waiting('new')], now);
  assert.deepEqual(plan.evictions, [{ deploymentId: 'low', for: 'new' }]);
  const turn = (priority: number, ageMs: number) =>
    planResidency(
      10,
      [resident('old', { priority, activeRequests: 1, readyAt: now - ageMs })],
      [waiting('new')],
      now,
    ).evictions.length;
  assert.deepEqual([turn(-1, 3_000), turn(0, 9_999), turn(1, 29_999), turn(1, 30_000)], [1, 0, 0, 1]);
});

test('priority is a head start of bounded length, so that nobody starves', () => {
  const order = (since: number) =>
    planResidency(10, [], [waiting('low', { since }), waiting('high', { since: now, priority: 100 })], now)
      .decisions[0]?.deploymentId;
  assert.equal(order(now - 59_000), 'high');
  assert.equal(order(now - 61_000), 'low');
});

test('what must stay comes first, is never unloaded, and what cannot fit beside it is refused', () => {
  const plan = planResidency(
    20,
    [resident('pinned', { evictable: false }), resident('idle')],
    [waiting('large', { needBytes: 15, since: 1 }), waiting('kept', { stays: true, since: 2 })],
    now,
  );
  assert.deepEqual(plan.evictions, [{ deploymentId: 'idle', for: 'kept' }]);
  assert.deepEqual(plan.decisions, [
    { kind: 'wait', deploymentId: 'kept', position: 1, cause: { kind: 'leaving' } },
    { kind: 'refuse', deploymentId: 'large', freeBytes: 0 },
  ]);
});

test('small models do not keep a large one out, and take what it does not need', () => {
  const busy = resident('busy', { activeRequests: 1, readyAt: now - 1_000, needBytes: 6 });
  const queue = [
    waiting('large', { needBytes: 8, since: 1 }),
    waiting('small', { needBytes: 2, since: 2 }),
    waiting('medium', { needBytes: 3, since: 3 }),
  ];
  const plan = planResidency(10, [busy], queue, now);
  assert.deepEqual(places(plan), ['large wait 1', 'small start', 'medium wait 2']);
});

test('nothing is unloaded for one for whom enough is on its way out', () => {
  const plan = planResidency(
    20,
    [resident('leaving', { leaving: true }), resident('idle')],
    [waiting('new')],
    now,
  );
  assert.deepEqual(plan.evictions, []);
  assert.deepEqual(plan.decisions[0], {
    kind: 'wait',
    deploymentId: 'new',
    position: 1,
    cause: { kind: 'leaving' },
  });
});
