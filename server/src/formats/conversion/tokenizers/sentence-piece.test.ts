import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { putTinyModel, tinyModel } from '../../../../test/tiny-architectures.ts';
import { bufferSource } from '../../bytes/byte-source.ts';
import { type GgufMetadata, numberOf, numbersOf, textOf, textsOf } from '../../gguf/gguf-value.ts';
import { readGguf } from '../../gguf/read-gguf.ts';
import { hubToGguf } from '../hub-to-gguf.ts';

let base: string;

before(async () => {
  base = await mkdtemp(join(tmpdir(), 'samovar-pieces-'));
});
after(() => rm(base, { recursive: true }));

type Piece = readonly [text: string, score: number, type: number];

/** Types of pieces: 1 normal, 2 unknown, 3 control, 4 user-defined, 6 byte. */
const pieces: readonly Piece[] = [
  ['<pad>', 0, 3],
  ['<eos>', 0, 3],
  ['<bos>', 0, 3],
  ['<unk>', 0, 2],
  ['<0x0A>', 0, 6],
  ['▁▁', 0, 4],
  ['▁a', -0.5, 1],
  ['b', -1.25, 1],
];

function varint(value: number): Buffer {
  return value < 128 ? Buffer.from([value]) : Buffer.from([(value & 127) | 128, value >> 7]);
}

function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
}

/** A SentencePiece model (`sentencepiece_model.proto`): pieces, its kind, and whether a space is put in front. */
function sentencePieceModel(kind: number, prepends: boolean): Buffer {
  const stored = pieces.map(([text, score, type]) => {
    const number = Buffer.alloc(5, 0x15);
    number.writeFloatLE(score, 1);
    return field(1, Buffer.concat([field(1, Buffer.from(text)), number, Buffer.from([0x18, type])]));
  });
  const trainer = field(2, Buffer.from([0x18, kind]));
  const normalizer = field(3, Buffer.from([0x18, prepends ? 1 : 0]));
  return Buffer.concat([...stored, trainer, normalizer]);
}

async function converted(tokenizer: Buffer): Promise<GgufMetadata> {
  const folder = await mkdtemp(join(base, 'model-'));
  const paths = (await putTinyModel(folder, tinyModel('gemma2'))).filter((path) => path !== 'tokenizer.json');
  await writeFile(join(folder, 'tokenizer.model'), tokenizer);
  const config = { bos_token: '<bos>', eos_token: '<eos>', add_bos_token: true };
  const more = { added_tokens_decoder: { 8: { content: '<start_of_turn>', special: true } } };
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ ...config, ...more }));
  const open = async (path: string) => bufferSource(await readFile(join(folder, path)), path);
  const target = join(folder, 'model.gguf');
  await hubToGguf(await Promise.all([...paths, 'tokenizer.model'].map(open)), target, { type: 'F32' });
  return (await readGguf(bufferSource(await readFile(target), target), { keptElements: 10_000 })).metadata;
}

test('a SentencePiece model alone gives pieces, their scores and kinds, and what was added to it', async () => {
  const metadata = await converted(sentencePieceModel(2, false));
  assert.equal(textOf(metadata, 'tokenizer.ggml.model'), 'llama');
  const tokens = textsOf(metadata, 'tokenizer.ggml.tokens') ?? [];
  // What a user defined is looked for in the text as it is written: with spaces.
  assert.deepEqual(tokens.slice(0, 10), [
    '<pad>',
    '<eos>',
    '<bos>',
    '<unk>',
    '<0x0A>',
    '  ',
    '▁a',
    'b',
    '<start_of_turn>',
    '[PAD9]',
  ]);
  assert.deepEqual(
    numbersOf(metadata, 'tokenizer.ggml.token_type')?.slice(0, 10),
    [3, 3, 3, 2, 6, 4, 1, 1, 3, 5],
  );
  assert.deepEqual(numbersOf(metadata, 'tokenizer.ggml.scores')?.slice(6, 8), [-0.5, -1.25]);
  assert.deepEqual(
    ['bos', 'eos'].map((role) => numberOf(metadata, `tokenizer.ggml.${role}_token_id`)),
    [2, 1],
  );
  assert.equal(metadata.get('tokenizer.ggml.add_space_prefix')?.type, 'bool');
  assert.deepEqual(metadata.get('tokenizer.ggml.add_space_prefix'), { type: 'bool', value: false });
});

test('a SentencePiece model of the likeliest pieces becomes one, and one of whole words is refused', async () => {
  const metadata = await converted(sentencePieceModel(1, true));
  assert.equal(textOf(metadata, 'tokenizer.ggml.model'), 't5');
  assert.equal(numbersOf(metadata, 'tokenizer.ggml.scores')?.[7], -1.25);
  assert.deepEqual(metadata.get('tokenizer.ggml.add_space_prefix'), { type: 'bool', value: true });
  await assert.rejects(converted(sentencePieceModel(3, true)), {
    message: /tokenizer\.model splits texts into words or characters/,
  });
  await assert.rejects(converted(sentencePieceModel(2, true).subarray(0, 40)), { message: /damaged/ });
});
