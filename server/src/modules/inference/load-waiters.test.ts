import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '../../../test/silent-log.ts';
import type { ServedModel } from '../registry/index.ts';
import { createLoadWaiters } from './load-waiters.ts';

const model = { versionId: 'v', name: 'm' } as ServedModel;

function waitersOver(loadState: () => Promise<{ failure: null }>) {
  const seen = { asked: 0, looked: 0, time: 0 };
  const waiters = createLoadWaiters({
    policy: () => {
      throw new Error('not needed here');
    },
    onPolicyChange() {},
    requestLoad: async () => {
      seen.asked += 1;
    },
    loadState: async () => {
      seen.looked += 1;
      return await loadState();
    },
    clock: { now: () => seen.time },
    log: silentLog,
    settings: { loadTimeoutSeconds: 300 },
  });
  const stop = waiters.add(model, { since: 0, retry: () => false, fail: (error) => assert.fail(error) });
  return { seen, stop };
}

test('a model whose demand was taken back while requests wait for it is asked for again', async () => {
  const { seen, stop } = waitersOver(async () => ({ failure: null }));
  await sleep(700);
  assert.equal(seen.asked, 1);
  seen.time = 6_000;
  await sleep(700);
  stop();
  assert.equal(seen.asked, 2);
});

test('a database that answers slowly is asked by one look at a time', async () => {
  const answer = Promise.withResolvers<{ failure: null }>();
  const { seen, stop } = waitersOver(() => answer.promise);
  await sleep(1_700);
  answer.resolve({ failure: null });
  stop();
  assert.equal(seen.looked, 1);
});
