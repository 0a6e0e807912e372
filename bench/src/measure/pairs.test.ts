import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, percentile, ratioOfPairs } from './pairs.ts';

test('pairs are taken in turns and the warm-up is thrown away', async () => {
  const order: string[] = [];
  const ratio = await ratioOfPairs(
    async () => noting(order, 'ours', 2),
    async () => noting(order, 'theirs', 4),
  );
  assert.deepEqual(order.slice(2, 6), ['ours', 'theirs', 'theirs', 'ours']);
  assert.equal(ratio.ours.length, 5);
  assert.equal(ratio.median, 0.5);
});

test('the interval of five pairs is their whole range, that of many is narrower', async () => {
  const few = [1, 2, 3, 4, 5, 6];
  const fewRatio = await ratioOfPairs(
    async () => few.shift() ?? 0,
    async () => 1,
    5,
  );
  assert.deepEqual([fewRatio.low, fewRatio.high], [2, 6]);
  const many = Array.from({ length: 21 }, (_, index) => index);
  const manyRatio = await ratioOfPairs(
    async () => many.shift() ?? 0,
    async () => 1,
    20,
  );
  assert.ok(manyRatio.low > 1 && manyRatio.high < 20);
});

test('median and percentile follow their definitions', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(percentile([1, 2, 3, 4], 0.5), 2);
  assert.equal(percentile([1, 2, 3, 4], 0.99), 4);
});

function noting(order: string[], name: string, value: number): number {
  order.push(name);
  return value;
}
