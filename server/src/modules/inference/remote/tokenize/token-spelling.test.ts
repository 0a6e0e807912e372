import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOfSpellings, looksLikeControl, piecesOf } from './token-spelling.ts';

const textsOf = (spellings: string[]) =>
  piecesOf(bytesOfSpellings(spellings).map((bytes) => ({ bytes, special: false }))).map(({ text }) => text);

test('byte-level spellings become the text that they stand for, characters in several tokens with the last', () => {
  assert.deepEqual(textsOf(['Hello', 'ĠWorld', 'Ċ', 'ĠÐ¿', 'ÑĢ', 'Ð', '¸']), [
    'Hello',
    ' World',
    '\n',
    ' п',
    'р',
    '',
    'и',
  ]);
  assert.deepEqual(textsOf(['<|im_start|>', 'user', 'Ċ']), ['<|im_start|>', 'user', '\n']);
  assert.deepEqual(textsOf(['a', '<｜User｜>', 'Ġb']), ['a', '<｜User｜>', ' b']);
  assert.deepEqual(textsOf(['Ð']), ['\u{fffd}']);
});

test('spellings of SentencePiece become text, bytes among them', () => {
  assert.deepEqual(textsOf(['▁Caf', 'é', '▁', '<0xF0>', '<0x9F>', '<0x99>', '<0x82>', '<0x0A>']), [
    ...[' Caf', 'é', ' ', '', '', '', '🙂', '\n'],
  ]);
});

test('control tokens are known by what they look like, text is not taken for one', () => {
  for (const control of [
    '<|im_start|>',
    '<|end_of_text|>',
    '<s>',
    '</s>',
    '<tool_call>',
    '<｜User｜>',
    '[INST]',
    '[/INST]',
  ])
    assert.ok(looksLikeControl(control), control);
  for (const text of ['<', '<a', '[x]', 'a>', ' <s>', '<0x0A>', '<|', '[]', '<A>'])
    assert.ok(!looksLikeControl(text), text);
});
