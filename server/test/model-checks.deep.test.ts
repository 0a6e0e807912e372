import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestStack, type TestStack } from './stack.ts';

let stack: TestStack;
before(async () => {
  stack = await startTestStack();
});
after(() => stack?.stop());

async function call(method: string, path: string, body?: object) {
  const response = await fetch(stack.url + path, {
    method,
    headers: { authorization: `Bearer ${stack.key}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: what is read of an answer is asserted
  const answer: any = await response.json();
  assert.ok(response.ok, JSON.stringify(answer));
  return answer;
}

/** Asks, and waits until a worker process has answered. */
async function ended(path: string, body?: object) {
  const { id } = await call('POST', path, body);
  for (let waited = 0; ; waited += 500) {
    const { items } = await call('GET', path);
    const check = items.find((one: { id: string }) => one.id === id);
    if (check.state === 'done' || check.state === 'failed') return check;
    assert.ok(waited < 600_000, JSON.stringify(check));
    await sleep(500);
  }
}

async function totalOfUsage(): Promise<number> {
  return (await call('GET', '/api/usage')).totals.requests;
}

test('both packaged models keep their promises when they are served, at their whole context, metered to nobody', async (t) => {
  const before = await totalOfUsage();
  for (const model of ['smollm2-135m-instruct', 'all-minilm-l6-v2']) {
    const check = await ended(`/api/models/${model}/checks`);
    for (const { feature, outcome, detail } of check.findings ?? [])
      t.diagnostic(`${model} ${feature}: ${outcome}. ${detail}`);
    assert.deepEqual(
      [check.state, check.error, check.passed],
      ['done', null, true],
      JSON.stringify(check.findings),
    );
    assert.ok(check.setup.hardware.length > 0 && check.inputTokens > 0);
    // Every api process shows the badge from memory.
    for (let waited = 0; ; waited += 100) {
      const { samovar } = await call('GET', `/v1/models/${model}`);
      if (samovar.checks !== null) {
        assert.deepEqual([samovar.checks.failed, samovar.checks.failures], [[], []]);
        break;
      }
      assert.ok(waited < 3_000, 'the badge is not shown');
      await sleep(100);
    }
  }
  assert.equal(await totalOfUsage(), before);
});

test('both packaged models are measured by parallelism, with the hardware beside the numbers', async (t) => {
  for (const model of ['smollm2-135m-instruct', 'all-minilm-l6-v2']) {
    const path = `/api/models/${model}/measurements`;
    const measured = await ended(path, { parallel: [1, 2, 4], outputTokens: 32 });
    assert.equal(measured.state, 'done', JSON.stringify(measured.error));
    for (const level of measured.levels) {
      t.diagnostic(`${model}: ${JSON.stringify(level)}`);
      assert.ok(level.tokensPerSecond > 0 && level.failures === 0, JSON.stringify(level));
    }
    const { loads } = await call('GET', path);
    assert.ok(loads[0].loadMs > 0 && loads[0].hardware === measured.setup.hardware, JSON.stringify(loads));
  }
});
