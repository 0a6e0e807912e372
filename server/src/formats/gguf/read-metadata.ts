import type { ByteCursor } from '../bytes/byte-cursor.ts';
import { refusal } from '../refuse-files.ts';
import {
  type GgufArray,
  type GgufElementType,
  type GgufMetadata,
  type GgufScalar,
  type GgufValue,
  ggufScalarBytes,
  ggufScalarTypes,
} from './gguf-value.ts';

const longestKeyBytes = 65_535;
/** A chat template is the longest text of real files; 100 kB are much. */
const longestTextBytes = 16 * 1024 * 1024;
/** The largest vocabularies have 300,000 tokens and twice as many merges. */
const mostTexts = 8_388_608;

export interface MetadataLimits {
  /** Arrays of more elements are walked over and not kept. */
  readonly keptElements: number;
}

/** Reads `count` keys with their values. Throws `model.refused`. */
export async function readMetadata(
  cursor: ByteCursor,
  fileName: string,
  count: number,
  limits: MetadataLimits,
): Promise<GgufMetadata> {
  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < count; index += 1) {
    const key = await readText(cursor, fileName, `key ${index + 1}`, longestKeyBytes);
    if (metadata.has(key)) throw refusal(`${fileName} is damaged: it has the key ${key} twice`);
    await cursor.need(4, `the type of ${key}`);
    metadata.set(key, await readValue(cursor, { fileName, key, limits }, cursor.uint32()));
  }
  return metadata;
}

/** A text with its length in front. */
export async function readText(
  cursor: ByteCursor,
  fileName: string,
  what: string,
  limitBytes: number,
): Promise<string> {
  await cursor.need(8, `the length of ${what}`);
  const length = cursor.uint64();
  if (length > BigInt(limitBytes))
    throw refusal(`${fileName} is damaged: ${what} claims a length of ${length} bytes`);
  await cursor.need(Number(length), what);
  return cursor.view(Number(length)).toString('utf8');
}

interface Reading {
  readonly fileName: string;
  readonly key: string;
  readonly limits: MetadataLimits;
}

async function readValue(cursor: ByteCursor, reading: Reading, typeId: number): Promise<GgufValue> {
  const type = ggufScalarTypes[typeId];
  if (type === undefined)
    throw refusal(`${reading.fileName} is damaged: ${reading.key} has the unknown type ${typeId}`);
  if (type === 'array') return await readArray(cursor, reading);
  return { type, value: await readScalar(cursor, reading, type) };
}

async function readArray(cursor: ByteCursor, reading: Reading): Promise<GgufArray> {
  const { fileName, key, limits } = reading;
  await cursor.need(12, `the array ${key}`);
  const typeId = cursor.uint32();
  const elementType = ggufScalarTypes[typeId];
  const claimed = cursor.uint64();
  // llama.cpp reads no arrays of arrays either.
  if (elementType === undefined || elementType === 'array')
    throw refusal(`${fileName} is damaged: the array ${key} has elements of the unknown type ${typeId}`);
  if (claimed > BigInt(Number.MAX_SAFE_INTEGER))
    throw refusal(`${fileName} is damaged: the array ${key} claims ${claimed} elements`);
  const count = Number(claimed);
  if (elementType === 'string' && count > mostTexts)
    throw refusal(`${fileName} is not plausible: the array ${key} claims ${count} texts`);
  if (count > limits.keptElements) {
    await skipElements(cursor, reading, elementType, count);
    return { type: 'array', elementType, count, values: null };
  }
  const values: GgufScalar[] = [];
  for (let index = 0; index < count; index += 1) values.push(await readScalar(cursor, reading, elementType));
  return { type: 'array', elementType, count, values };
}

async function skipElements(
  cursor: ByteCursor,
  { fileName, key }: Reading,
  elementType: GgufElementType,
  count: number,
): Promise<void> {
  if (elementType !== 'string') return cursor.skip(count * ggufScalarBytes[elementType], `the array ${key}`);
  for (let index = 0; index < count; index += 1) {
    if (!cursor.has(8)) await cursor.need(8, `element ${index} of ${key}`);
    const length = cursor.uint32();
    if (cursor.uint32() !== 0 || length > longestTextBytes)
      throw refusal(`${fileName} is damaged: element ${index} of ${key} claims too many bytes`);
    cursor.skip(length, `an element of ${key}`);
  }
}

async function readScalar(
  cursor: ByteCursor,
  { fileName, key }: Reading,
  type: GgufElementType,
): Promise<GgufScalar> {
  if (type === 'string') return await readText(cursor, fileName, key, longestTextBytes);
  const length = ggufScalarBytes[type];
  await cursor.need(length, key);
  return readers[type](cursor.view(length));
}

const readers: Readonly<Record<Exclude<GgufElementType, 'string'>, (view: Buffer) => GgufScalar>> = {
  uint8: (view) => view.readUInt8(),
  int8: (view) => view.readInt8(),
  uint16: (view) => view.readUInt16LE(),
  int16: (view) => view.readInt16LE(),
  uint32: (view) => view.readUInt32LE(),
  int32: (view) => view.readInt32LE(),
  float32: (view) => view.readFloatLE(),
  bool: (view) => view.readUInt8() !== 0,
  uint64: (view) => view.readBigUInt64LE(),
  int64: (view) => view.readBigInt64LE(),
  float64: (view) => view.readDoubleLE(),
};
