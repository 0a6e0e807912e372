import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from './turns.ts';

test('so many go on at once, the others in their order, without those that have given up', () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const take = (number: number, wanted = true) =>
    turns.take((done) => {
      if (!wanted) return false;
      begun.push(number);
      ends.push(done);
      return true;
    });
  for (const number of [1, 2, 3]) take(number);
  for (let number = 0; number < 10_000; number += 1) take(number, false);
  take(4);
  assert.deepEqual(begun, [1, 2]);
  ends[0]?.();
  assert.deepEqual(begun, [1, 2, 3]);
  ends[1]?.();
  assert.deepEqual(begun, [1, 2, 3, 4]);
  ends[2]?.();
  ends[3]?.();
  take(5);
  take(6);
  take(7);
  assert.deepEqual(begun, [1, 2, 3, 4, 5, 6]);
});
