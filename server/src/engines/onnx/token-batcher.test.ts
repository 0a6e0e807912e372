import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTokenBatcher } from './token-batcher.ts';

/** A model whose vector is the length of its input; it tells its batches. */
function batcherOver(budgetTokens: number, queueLimit: number) {
  const batches: number[][] = [];
  const batcher = createTokenBatcher({
    async run(inputs) {
      batches.push(inputs.map((input) => input.length));
      await new Promise((resolve) => setImmediate(resolve));
      return inputs.map((input) => Float32Array.of(input.length));
    },
    budgetTokens,
    queueLimit,
  });
  const submit = (lengths: readonly number[], deadline: number | null = null) =>
    batcher.submit({
      inputs: lengths.map((length) => Array(length).fill(0)),
      priority: 'interactive',
      deadline,
    });
  return { batches, batcher, submit };
}

test('inputs of all requests share batches by their length, within the budget, and keep their order', async () => {
  const { batches, submit } = batcherOver(12, 100);
  const answers = await Promise.all([submit([2, 6, 2]), submit([6, 2])].map((work) => work.vectors));
  assert.deepEqual(
    answers.map((vectors) => vectors.map((vector) => vector[0])),
    [
      [2, 6, 2],
      [6, 2],
    ],
  );
  for (const batch of batches) assert.ok(Math.max(...batch) * batch.length <= 12, JSON.stringify(batch));
  assert.deepEqual(
    batches.map((batch) => batch.toSorted()),
    [
      [2, 2, 2],
      [6, 6],
    ],
  );
});

test('work past its deadline is refused as such, and the rest goes on', async () => {
  const { submit } = batcherOver(100, 100);
  const late = submit([3], Date.now() - 1);
  const good = submit([4]);
  await assert.rejects(late.vectors, { code: 'engine.deadline_passed' });
  assert.equal((await good.vectors)[0]?.[0], 4);
});

test('a full queue refuses at once, and cancelled work leaves it', async () => {
  const { batcher, submit } = batcherOver(1, 2);
  const first = submit([1, 1]);
  assert.throws(() => submit([1]), { code: 'engine.busy' });
  first.cancel();
  await assert.rejects(first.vectors, /the client left/);
  assert.equal(batcher.queued, 0);
  assert.equal((await submit([1]).vectors).length, 1);
});
