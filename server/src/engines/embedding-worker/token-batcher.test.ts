import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpareThread } from './spare-thread.ts';
import { createTokenBatcher } from './token-batcher.ts';

/** A model whose vector is the length of its input; it tells its batches. */
function batcherOver(budgetTokens: number, queueLimit: number, spareThread: SpareThread | null = null) {
  const batches: number[][] = [];
  const batcher = createTokenBatcher({
    async run(inputs) {
      batches.push(inputs.map((input) => input.length));
      await new Promise((resolve) => setImmediate(resolve));
      return inputs.map((input) => Float32Array.of(input.length));
    },
    budgetTokens,
    queueLimit,
    spareThread,
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

/** A spare thread as a test has it: it answers when it is told to. */
function scriptedThread() {
  const asked: { readonly inputs: number; answer(): void; fail(): void }[] = [];
  const thread: SpareThread = {
    isReady: () => asked.length === 0,
    run: (inputs) =>
      new Promise((resolve, reject) => {
        const end = (settle: () => void) => () => {
          asked.pop();
          settle();
        };
        asked.push({
          inputs: inputs.length,
          answer: end(() => resolve(inputs.map((input) => Float32Array.of(-input.length)))),
          fail: end(() => reject(new Error('gone'))),
        });
      }),
    stop: async () => {},
  };
  return { thread, asked };
}

test('a spare thread gets what waits beyond a batch, and its vectors go to those who asked', async () => {
  const { thread, asked } = scriptedThread();
  const { batches, batcher, submit } = batcherOver(6, 100, thread);
  const works = [submit([6]), submit([3, 3]), submit([2])];
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(asked.length, 1);
  asked[0]?.answer();
  const answers = await Promise.all(works.map((work) => work.vectors));
  assert.deepEqual(
    answers.map((vectors) => vectors.map((vector) => vector[0])),
    [[6], [-3, -3], [2]],
  );
  assert.deepEqual([batches.length, batcher.spareBatches, batcher.inputsDone], [2, 1, 4]);
  assert.equal((await submit([1]).vectors)[0]?.[0], 1, 'what waits alone is computed at once');
});

test('a spare thread that does not finish in time, or is gone, keeps nobody waiting', async () => {
  for (const end of ['never', 'gone', 'late'] as const) {
    const { thread, asked } = scriptedThread();
    const { submit } = batcherOver(3, 100, thread);
    const works = [submit([3]), submit([2]), submit([3])];
    await new Promise((resolve) => setTimeout(resolve, 5));
    const [lent] = asked;
    if (end === 'gone') lent?.fail();
    const answers = await Promise.all(works.map((work) => work.vectors));
    assert.deepEqual(
      answers.map((vectors) => vectors[0]?.[0]),
      [3, 2, 3],
      end,
    );
    if (end === 'late') lent?.answer();
    assert.equal((await submit([1]).vectors)[0]?.[0], 1);
  }
});
