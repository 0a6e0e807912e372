import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayWidth, manyLines, oneLine } from './displayed-text.ts';

test('a text is as wide as a terminal shows it', () => {
  const widths: [string, number][] = [
    ['', 0],
    ['abc', 3],
    ['Привет', 6],
    ['漢字', 4],
    ['가a', 3],
    ['e\u0301', 1],
    ['👍🏽', 2],
    ['👨‍👩‍👧', 2],
    ['a\u200db', 2],
  ];
  for (const [text, width] of widths) assert.equal(displayWidth(text), width, JSON.stringify(text));
});

test('what a terminal would obey is shown, not sent', () => {
  assert.equal(oneLine('a\u001b[2Jb\nc\u202ed\u009b'), 'a�[2Jb�c�d�');
  assert.equal(manyLines('a\tb\nc\r\u001b]0;x\u0007'), 'a\tb\nc��]0;x�');
});
