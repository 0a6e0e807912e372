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
    holdsLoop: true,
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

test('what waits is put together by length: little is computed for padding alone', async () => {
  const { batches, batcher, submit } = batcherOver(256, 100);
  const lengths = [6, 122, 8, 62, 7, 120, 6, 22, 9, 61, 8, 37];
  await Promise.all(lengths.map((length) => submit([length]).vectors));
  assert.ok(batcher.paddingTokens <= 12, `${batcher.paddingTokens} in ${JSON.stringify(batches)}`);
  assert.ok(batches.length <= 6, JSON.stringify(batches));
});

/** A spare thread as a test has it: it begins and answers when it is told to. */
function scriptedThread() {
  const asked: { readonly inputs: number; begin(): boolean; answer(): void; fail(): void }[] = [];
  const thread: SpareThread = {
    isReady: () => true,
    run(inputs) {
      const vectors = Promise.withResolvers<Float32Array[]>();
      let state: 'given' | 'begun' | 'done' | 'taken back' = 'given';
      asked.push({
        inputs: inputs.length,
        begin() {
          if (state === 'given') state = 'begun';
          return state === 'begun';
        },
        answer() {
          state = 'done';
          vectors.resolve(inputs.map((input) => Float32Array.of(-input.length)));
        },
        fail: () => vectors.reject(new Error('gone')),
      });
      return {
        vectors: vectors.promise,
        isDone: () => state === 'done',
        takeBack() {
          if (state !== 'given') return false;
          state = 'taken back';
          return true;
        },
      };
    },
    stop: async () => {},
  };
  return { thread, asked };
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 5));

test('a spare thread gets what waits beyond a batch, and its vectors go to those who asked', async () => {
  const { thread, asked } = scriptedThread();
  const { batches, batcher, submit } = batcherOver(6, 100, thread);
  const works = [submit([6]), submit([3, 3]), submit([2])];
  await new Promise((resolve) => setImmediate(() => asked[0]?.begin() && resolve(null)));
  await soon();
  assert.equal(asked.length, 2, 'one to compute and the next');
  asked[0]?.answer();
  const answers = await Promise.all(works.map((work) => work.vectors));
  assert.deepEqual(
    answers.map((vectors) => vectors.map((vector) => vector[0])),
    [[6], [-3, -3], [2]],
    'what it did not begin is computed here, where nothing else waits',
  );
  assert.deepEqual([batches.length, batcher.spareBatches, batcher.inputsDone], [2, 1, 4]);
  assert.equal(asked[1]?.begin(), false);
  assert.equal((await submit([1]).vectors)[0]?.[0], 1, 'what waits alone is computed at once');
});

test('a spare thread that does not begin, does not finish in time, or is gone, keeps nobody waiting', async () => {
  for (const end of ['idle', 'never', 'gone', 'late'] as const) {
    const { thread, asked } = scriptedThread();
    const { submit } = batcherOver(3, 100, thread);
    const works = [submit([3]), submit([2]), submit([3]), submit([2])];
    await new Promise((resolve) => setImmediate(resolve));
    const [lent] = asked;
    if (end !== 'idle') assert.ok(lent?.begin(), end);
    if (end === 'gone') lent?.fail();
    const answers = await Promise.all(works.map((work) => work.vectors));
    assert.deepEqual(
      answers.map((vectors) => vectors[0]?.[0]),
      [3, 2, 3, 2],
      end,
    );
    if (end === 'late') lent?.answer();
    assert.equal((await submit([1]).vectors)[0]?.[0], 1);
  }
});

test('vectors that are on their way are waited for, however late they come', async () => {
  const { thread, asked } = scriptedThread();
  const { submit } = batcherOver(3, 100, {
    ...thread,
    run(inputs) {
      const run = thread.run(inputs);
      return { ...run, vectors: run.vectors.finally(() => new Promise((done) => setTimeout(done, 60))) };
    },
  });
  const works = [submit([3]), submit([3])];
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(asked[0]?.begin());
  asked[0]?.answer();
  assert.deepEqual((await Promise.all(works.map((work) => work.vectors))).flat(), [
    Float32Array.of(3),
    Float32Array.of(-3),
  ]);
});
