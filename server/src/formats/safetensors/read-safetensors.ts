import type { ByteSource } from '../bytes/byte-source.ts';
import { isRecord, type JsonRecord } from '../json-value.ts';
import { refusal } from '../refuse-files.ts';
import { safetensorsBytes } from './safetensors-types.ts';

export interface SafetensorsTensor {
  readonly name: string;
  readonly dtype: string;
  /** The slowest dimension first: a matrix of `rows` × `columns` is `[rows, columns]`. */
  readonly shape: readonly number[];
  readonly elements: number;
  /** From the beginning of the file. */
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
}

/** The limit of the format's own reader. */
const mostHeaderBytes = 100_000_000;
const mostTensors = 1_000_000;
const mostDimensions = 32;

/**
 * Reads the header of a safetensors file and checks it against the file's size: types fit shapes, and the tensors
 * cover the data without holes and overlaps. Throws `model.refused`. Source: the description of the format.
 */
export async function readSafetensors(source: ByteSource): Promise<SafetensorsHeader> {
  const { name } = source;
  const fault = (what: string) => refusal(`${name} is damaged: ${what}`);
  const prefix = await source.read(0, 8);
  if (prefix.length < 8) throw refusal(`${name} is truncated: it has ${source.sizeBytes} bytes`);
  const claimed = prefix.readBigUInt64LE();
  if (claimed > BigInt(mostHeaderBytes)) throw fault(`its header claims ${claimed} bytes`);
  const length = Number(claimed);
  if (8 + length > source.sizeBytes)
    throw refusal(
      `${name} is truncated: its header claims ${length} bytes, and ${source.sizeBytes - 8} follow`,
    );
  const header = parseHeader(await source.read(8, length), fault);
  const tensors = new Map<string, SafetensorsTensor>();
  let metadata: Readonly<Record<string, string>> = {};
  for (const [key, entry] of Object.entries(header)) {
    if (key === '__metadata__') metadata = checkMetadata(entry, fault);
    else tensors.set(key, checkTensor(key, entry, { dataOffset: 8 + length, fault }));
    if (tensors.size > mostTensors) throw fault(`it claims more than ${mostTensors} tensors`);
  }
  checkCover([...tensors.values()], 8 + length, source);
  return { tensors, metadata, sizeBytes: source.sizeBytes };
}

type Fault = (what: string) => Error;

function parseHeader(bytes: Buffer, fault: Fault): JsonRecord {
  if (bytes[0] !== 0x7b) throw fault('its header is no JSON object');
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isRecord(parsed)) return parsed;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    // Neither JSON nor UTF-8: the reader below is told the same.
  }
  throw fault('its header is no JSON object');
}

function checkMetadata(entry: unknown, fault: Fault): Readonly<Record<string, string>> {
  if (!isRecord(entry)) throw fault('its metadata is no object');
  const texts: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== 'string') throw fault(`its metadata ${key} is no text`);
    texts[key] = value;
  }
  return texts;
}

function checkTensor(
  name: string,
  entry: unknown,
  { dataOffset, fault }: { readonly dataOffset: number; readonly fault: Fault },
): SafetensorsTensor {
  if (!isRecord(entry)) throw fault(`its tensor ${name} is no object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2)
    throw fault(`its tensor ${name} lacks type, shape or offsets`);
  if (shape.length > mostDimensions) throw fault(`its tensor ${name} has ${shape.length} dimensions`);
  const elements = shape.reduce((product, each) => product * each, 1);
  const sizeBytes = Number.isSafeInteger(elements) ? safetensorsBytes(dtype, elements) : null;
  if (sizeBytes === null)
    throw fault(`its tensor ${name} has the type ${dtype} and the shape [${shape.join(', ')}]`);
  const [begin = 0, end = 0] = offsets;
  if (end - begin !== sizeBytes)
    throw fault(`its tensor ${name} needs ${sizeBytes} bytes, and its offsets leave ${end - begin}`);
  return { name, dtype, shape, elements, offset: dataOffset + begin, sizeBytes };
}

function checkCover(
  tensors: readonly SafetensorsTensor[],
  dataOffset: number,
  { name, sizeBytes }: ByteSource,
): void {
  let end = dataOffset;
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset || a.sizeBytes - b.sizeBytes)) {
    if (tensor.offset !== end)
      throw refusal(`${name} is damaged: its tensor ${tensor.name} leaves a hole or overlaps another`);
    end += tensor.sizeBytes;
  }
  if (end > sizeBytes)
    throw refusal(`${name} is truncated: its tensors end at byte ${end}, and it has ${sizeBytes} bytes`);
  if (end < sizeBytes)
    throw refusal(`${name} is damaged: ${sizeBytes - end} bytes behind its tensors belong to nothing`);
}

function isCounts(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.every((each) => typeof each === 'number' && Number.isSafeInteger(each) && each >= 0)
  );
}
