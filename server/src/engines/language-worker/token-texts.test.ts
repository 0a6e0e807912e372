import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenTexts } from './token-texts.ts';
import type { Vocabulary } from './vocabulary.ts';

const spelled: readonly (readonly number[])[] = [
  [0x61],
  [0xf0, 0x9f],
  [0x99],
  [0x82, 0x62],
  [0x3c, 0x73, 0x3e],
];
const control = 4;
const vocabulary: Pick<Vocabulary, 'bytes' | 'isControl'> = {
  bytes: (token) => Buffer.from(spelled[token] ?? []),
  isControl: (token) => token === control,
};
const texts = (...tokens: number[]) =>
  tokenTexts(vocabulary, Uint32Array.from(tokens)).map(({ text }) => text);

test('a character that spans tokens stands with the one that completes it', () => {
  assert.deepEqual(texts(0, 1, 2, 3, control), ['a', '', '', '🙂b', '<s>']);
});

test('bytes that never become a character are a replacement, where the text breaks off', () => {
  assert.deepEqual(texts(0, 1, control, 0), ['a', '\u{FFFD}', '<s>', 'a']);
  assert.deepEqual(texts(1, 2), ['', '\u{FFFD}']);
  assert.deepEqual(texts(1, 0), ['', '\u{FFFD}a']);
});
