import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { type NumberedStream, StreamTable } from './stream-table.ts';

class Numbered implements NumberedStream {
  readonly id: number;
  next: this | null = null;

  constructor(id: number) {
    this.id = id;
  }
}

test('streams are found as long as they are there, whatever comes and goes', () => {
  const table = new StreamTable<Numbered>();
  const there = new Map<number, Numbered>();
  let last = 1;
  for (let round = 0; round < 20_000; round += 1) {
    if (there.size < 300 && randomInt(3) > 0) {
      last += 2 * randomInt(1, 4);
      const stream = new Numbered(last);
      table.add(stream);
      there.set(last, stream);
    } else {
      const stream = [...there.values()][randomInt(there.size || 1)];
      if (stream === undefined) continue;
      table.delete(stream);
      table.delete(stream);
      there.delete(stream.id);
      assert.equal(table.get(stream.id), null);
    }
    const probe = randomInt(last + 3);
    assert.equal(table.get(probe), there.get(probe) ?? null);
    assert.equal(table.size, there.size);
  }
  assert.deepEqual(new Set(table.toArray()), new Set(there.values()));
});
