import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validate, version } from 'uuid';
import { newId } from './ids.ts';

test('new ids are UUIDs of version 7 with their time in front, and never the same twice', () => {
  const before = Date.now();
  const ids = Array.from({ length: 5000 }, newId);
  const after = Date.now();
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) {
    assert.ok(validate(id) && version(id) === 7, id);
    const time = Number.parseInt(id.slice(0, 13).replace('-', ''), 16);
    assert.ok(time >= before && time <= after, id);
  }
});

test('ids of one process sort in the order they were made in, also when the clock is set back a little', (context) => {
  const inOrder = (ids: readonly string[]) => assert.deepEqual(ids.toSorted(), ids);
  inOrder(Array.from({ length: 20_000 }, newId));
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 });
  const still = Array.from({ length: 10_000 }, newId);
  inOrder(still);
  assert.equal(new Set(still).size, still.length);
  context.mock.timers.setTime(Date.now() - 5_000);
  inOrder([still.at(-1) ?? '', newId()]);
  context.mock.timers.setTime(Date.now() - 55_000);
  assert.ok(newId() < (still[0] ?? ''), 'a clock that was far ahead is not followed for ever');
});
