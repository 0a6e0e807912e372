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
