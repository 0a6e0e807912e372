import { type ByteCursor, createByteCursor } from '../bytes/byte-cursor.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { refusal } from '../refuse-files.ts';
import { type GgmlType, ggmlType } from './ggml-types.ts';
import { type GgufMetadata, numberOf } from './gguf-value.ts';
import { readMetadata, readText } from './read-metadata.ts';

export interface GgufTensor {
  readonly name: string;
  /** Elements by dimension, the fastest first: a matrix of `rows` × `columns` is `[columns, rows]`. */
  readonly shape: readonly number[];
  readonly type: GgmlType;
  /** From the beginning of the file. */
  readonly offset: number;
  readonly sizeBytes: number;
  readonly elements: number;
}

/** Everything in front of the weights. */
export interface GgufHeader {
  readonly version: 2 | 3;
  readonly metadata: GgufMetadata;
  readonly tensors: readonly GgufTensor[];
  readonly alignment: number;
  /** Where the first tensor begins. */
  readonly dataOffset: number;
  readonly sizeBytes: number;
  /** Bytes behind the last tensor that belong to nothing. */
  readonly trailingBytes: number;
}

export interface ReadGgufOptions {
  /** Arrays of more elements are checked and not kept; 1,024 unless told. */
  readonly keptElements?: number;
  /** The source is the beginning of a file: its tensors need not be there. */
  readonly headOnly?: boolean;
}

/** The largest header of a published model is about 20 MB: its vocabulary. */
const mostHeaderBytes = 256 * 1024 * 1024;
const mostKeys = 65_536;
const mostTensors = 262_144;
/** `GGML_MAX_NAME` and `GGML_MAX_DIMS`. */
const longestNameBytes = 63;
const mostDimensions = 4;
const magic = 'GGUF';

/**
 * Reads header, metadata and tensor table of a GGUF file, version 2 or 3, and checks all that they say against each
 * other and against the size of the file. Throws `model.refused` with the reason. Source: the GGUF specification of
 * ggml, and the checks that llama.cpp makes when it loads a file.
 */
export async function readGguf(source: ByteSource, options: ReadGgufOptions = {}): Promise<GgufHeader> {
  const { name } = source;
  const cursor = createByteCursor(source, 0, mostHeaderBytes);
  await cursor.need(24, 'the header');
  if (cursor.view(4).toString('latin1') !== magic) throw refusal(`${name} is no GGUF file`);
  const version = cursor.uint32();
  if (version !== 2 && version !== 3) throw refusal(`${name} is GGUF of ${versionText(version)}`);
  const tensorCount = boundedCount(cursor.uint64(), mostTensors, `${name} claims`, 'tensors');
  const keyCount = boundedCount(cursor.uint64(), mostKeys, `${name} claims`, 'keys');
  const limits = { keptElements: options.keptElements ?? 1024 };
  const metadata = await readMetadata(cursor, name, keyCount, limits);
  const alignment = alignmentOf(metadata, name);
  const entries: TensorEntry[] = [];
  for (let index = 0; index < tensorCount; index += 1) entries.push(await readEntry(cursor, name, index));
  const dataOffset = padded(cursor.position, alignment);
  const { tensors, end } = placeTensors(entries, { name, alignment, dataOffset });
  if (end > source.sizeBytes && options.headOnly !== true)
    throw refusal(
      `${name} is truncated: its tensors end at byte ${end}, and the file has ${source.sizeBytes} bytes`,
    );
  const trailingBytes = Math.max(0, source.sizeBytes - padded(end, alignment));
  return { version, metadata, tensors, alignment, dataOffset, sizeBytes: source.sizeBytes, trailingBytes };
}

interface TensorEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: GgmlType;
  readonly relativeOffset: bigint;
  readonly elements: number;
}

async function readEntry(cursor: ByteCursor, fileName: string, index: number): Promise<TensorEntry> {
  const name = await readText(cursor, fileName, `the name of tensor ${index + 1}`, longestNameBytes);
  const fault = (what: string) => refusal(`${fileName} is damaged: tensor ${name} ${what}`);
  await cursor.need(4, `tensor ${name}`);
  const dimensions = cursor.uint32();
  if (dimensions < 1 || dimensions > mostDimensions) throw fault(`has ${dimensions} dimensions`);
  await cursor.need(dimensions * 8 + 12, `tensor ${name}`);
  const shape: number[] = [];
  let elements = 1;
  for (let dimension = 0; dimension < dimensions; dimension += 1) {
    const length = cursor.uint64();
    if (length < 1n || length > BigInt(Number.MAX_SAFE_INTEGER)) throw fault(`has a dimension of ${length}`);
    shape.push(Number(length));
    elements *= Number(length);
  }
  if (!Number.isSafeInteger(elements * 8)) throw fault('has more elements than a file can hold');
  const typeId = cursor.uint32();
  const type = ggmlType(typeId);
  if (type === null) throw fault(`has the unknown type ${typeId}`);
  if ((shape[0] ?? 0) % type.blockElements !== 0)
    throw fault(`has rows of ${shape[0]}, which are no whole blocks of ${type.name}`);
  return { name, shape, type, relativeOffset: cursor.uint64(), elements };
}

/** Tensors follow each other without holes, each at the alignment, in the order of the table. */
function placeTensors(
  entries: readonly TensorEntry[],
  file: { readonly name: string; readonly alignment: number; readonly dataOffset: number },
): { tensors: GgufTensor[]; end: number } {
  const names = new Set<string>();
  const tensors: GgufTensor[] = [];
  let expected = 0;
  let end = file.dataOffset;
  for (const { name, shape, type, relativeOffset, elements } of entries) {
    if (names.has(name)) throw refusal(`${file.name} is damaged: it has the tensor ${name} twice`);
    names.add(name);
    if (relativeOffset !== BigInt(expected))
      throw refusal(
        `${file.name} is damaged: tensor ${name} claims to be at ${relativeOffset}, and its place is ${expected}`,
      );
    const sizeBytes = (elements / type.blockElements) * type.blockBytes;
    const offset = file.dataOffset + expected;
    tensors.push({ name, shape, type, offset, sizeBytes, elements });
    end = offset + sizeBytes;
    expected = padded(expected + sizeBytes, file.alignment);
  }
  return { tensors, end };
}

function alignmentOf(metadata: GgufMetadata, name: string): number {
  if (!metadata.has('general.alignment')) return 32;
  const alignment = numberOf(metadata, 'general.alignment') ?? 0;
  if (alignment < 8 || alignment > 65_536 || (alignment & (alignment - 1)) !== 0)
    throw refusal(`${name} is damaged: its alignment is ${alignment}`);
  return alignment;
}

/** The next multiple of `alignment`, a power of two; beyond 32 bits too. */
export function padded(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

function boundedCount(claimed: bigint, most: number, subject: string, what: string): number {
  if (claimed > BigInt(most)) throw refusal(`${subject} ${claimed} ${what}, which is not plausible`);
  return Number(claimed);
}

function versionText(version: number): string {
  // The bytes of a small version the other way round.
  if ((version & 0xffff) === 0) return 'a big-endian machine, which no engine here reads';
  return `version ${version}, and versions 2 and 3 are read`;
}
