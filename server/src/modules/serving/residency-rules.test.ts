import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backOffMs } from './back-off.ts';
import { grantThreads } from './grant-threads.ts';
import { makeRoom, type Resident } from './make-room.ts';
import { nextWorkerState, type WorkerState } from './worker-state.ts';
import { deriveWorkerToken } from './worker-token.ts';

const resident = (deploymentId: string, more: Partial<Resident> = {}): Resident => ({
  deploymentId,
  needBytes: 10,
  evictable: true,
  priority: 0,
  activeRequests: 0,
  lastUsedAt: 0,
  ...more,
});

test('nothing is evicted while there is room', () => {
  assert.deepEqual(makeRoom(30, [resident('a'), resident('b')], 10), { fits: true, evict: [] });
});

test('the least recently used goes first, and no more than needed', () => {
  const residents = [resident('new', { lastUsedAt: 2 }), resident('old', { lastUsedAt: 1 })];
  assert.deepEqual(makeRoom(20, residents, 10), { fits: true, evict: ['old'] });
  assert.deepEqual(makeRoom(20, residents, 15), { fits: true, evict: ['old', 'new'] });
});

test('a model that is answering goes only after every idle one, however old its last use', () => {
  const residents = [resident('busy', { activeRequests: 3 }), resident('idle', { lastUsedAt: 9 })];
  assert.deepEqual(makeRoom(20, residents, 10), { fits: true, evict: ['idle'] });
});

test('what must stay is never evicted, and the most that could be freed is told', () => {
  const residents = [resident('pinned', { evictable: false }), resident('other')];
  assert.deepEqual(makeRoom(20, residents, 15), { fits: false, freeBytes: 10 });
});

test('the threads of all workers stay within the host as long as there are any left', () => {
  assert.equal(grantThreads(8, [], 0.75), 6);
  assert.equal(grantThreads(8, [6], 0.25), 2);
  assert.equal(grantThreads(8, [6, 1], 0.75), 1);
  assert.equal(grantThreads(8, [6, 2], 0.75), 1);
  assert.equal(grantThreads(1, [], 0.75), 1);
  assert.equal(grantThreads(8, [6, 2], 0.75, 4), 4);
});

test('pauses before a restart grow from half a second to a minute', () => {
  assert.deepEqual([1, 2, 3, 4].map(backOffMs), [500, 1000, 2000, 4000]);
  assert.equal(backOffMs(9), 60_000);
  assert.equal(backOffMs(1000), 60_000);
});

test('a worker goes through its states, and impossible events are found', () => {
  const walk = (from: WorkerState, ...events: Parameters<typeof nextWorkerState>[1][]) =>
    events.reduce(nextWorkerState, from);
  assert.equal(walk('on-disk', 'start', 'load', 'answer', 'drain', 'end'), 'unloaded');
  assert.equal(walk('on-disk', 'start', 'fail', 'retry', 'start', 'answer'), 'ready');
  assert.equal(walk('ready', 'drain', 'fail'), 'unloaded');
  assert.equal(walk('failed', 'drain', 'end'), 'unloaded');
  assert.throws(() => walk('ready', 'start'));
  assert.throws(() => walk('unloaded', 'answer'));
});

test('the worker token depends on the master key alone', () => {
  const token = deriveWorkerToken(Buffer.alloc(32, 1));
  assert.equal(token, deriveWorkerToken(Buffer.alloc(32, 1)));
  assert.notEqual(token, deriveWorkerToken(Buffer.alloc(32, 2)));
  assert.match(token, /^[\w-]{43}$/);
});
