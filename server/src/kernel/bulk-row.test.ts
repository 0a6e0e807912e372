import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBulkRow, encodeBulkRow } from './bulk-row.ts';

test('every text comes back as it was, and no text ends its row', () => {
  const texts = ['', 'a', '\\N', '\\', '\t', '\n', '\r\n', 'a\\tb\tc', '\\\\n', 'é🙂', '\\.'];
  const line = encodeBulkRow([...texts, null, 1.5, true]);
  assert.equal(line.indexOf('\n'), line.length - 1);
  assert.deepEqual(decodeBulkRow(line.slice(0, -1)), [...texts, null, '1.5', 'true']);
});
