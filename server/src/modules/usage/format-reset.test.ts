import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatReset } from './format-reset.ts';

test('durations are written like the standard writes them', () => {
  const expected: [number, string][] = [
    [0, '0s'],
    [120, '120ms'],
    [1000, '1s'],
    [59_001, '1m0s'],
    [360_000, '6m0s'],
    [7_261_000, '2h1m1s'],
  ];
  for (const [durationMs, text] of expected) assert.equal(formatReset(durationMs), text);
});
