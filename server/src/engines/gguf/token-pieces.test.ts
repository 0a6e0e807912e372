import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenBytes } from './token-pieces.ts';

const normal = 4;

test('byte-level tokens are spelled back to their bytes, half characters too', () => {
  const bytes = (text: string) => tokenBytes({ text, attributes: normal }, 'byte-level');
  assert.deepEqual(bytes('Ġhi'), Buffer.from(' hi'));
  assert.deepEqual(bytes('Ð¶'), Buffer.from('ж'));
  const emoji = ['ðŁ', 'ĺ', 'Ģ'].map((text) => bytes(text) ?? Buffer.alloc(0));
  assert.equal(Buffer.concat(emoji).toString(), '😀');
});

test('sentence-piece tokens are texts with a mark for spaces, or single bytes', () => {
  assert.deepEqual(
    tokenBytes({ text: '\u2581the', attributes: normal }, 'sentence-piece'),
    Buffer.from(' the'),
  );
  assert.deepEqual(tokenBytes({ text: '<0xF0>', attributes: 32 }, 'sentence-piece'), Buffer.from([0xf0]));
});

test('special tokens are their own spelling', () => {
  assert.deepEqual(
    tokenBytes({ text: '<|im_end|>', attributes: 8 }, 'byte-level'),
    Buffer.from('<|im_end|>'),
  );
});
