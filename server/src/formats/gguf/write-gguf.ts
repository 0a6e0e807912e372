import { type FileHandle, open } from 'node:fs/promises';
import type { GgmlType } from './ggml-types.ts';
import { type GgufElementType, type GgufScalar, type GgufValue, ggufScalarTypes } from './gguf-value.ts';
import { padded } from './read-gguf.ts';

/** A tensor to be written; its bytes come when it is its turn. */
export interface GgufTensorSource {
  readonly name: string;
  /** The fastest dimension first. */
  readonly shape: readonly number[];
  readonly type: GgmlType;
  /** Exactly as many bytes as shape and type say, in pieces of any size. */
  bytes(): AsyncIterable<Buffer> | Iterable<Buffer>;
}

export interface WriteGgufOptions {
  readonly alignment?: number;
  readonly signal?: AbortSignal;
  onProgress?(writtenBytes: number, totalBytes: number): void;
}

/**
 * Writes a GGUF file, version 3, to `path` and waits until it is on the disk; memory does not grow with it. The same
 * input gives the same bytes. Throws when a tensor brings fewer or more bytes than its shape says.
 */
export async function writeGguf(
  path: string,
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensorSource[],
  options: WriteGgufOptions = {},
): Promise<{ sizeBytes: number }> {
  const alignment = options.alignment ?? 32;
  const header = ggufHeader(metadata, tensors, alignment);
  const totalBytes = tensors.reduce(
    (sum, tensor) => sum + padded(tensorBytes(tensor), alignment),
    header.length,
  );
  const handle = await open(path, 'w');
  try {
    let written = await append(handle, header, 0);
    for (const tensor of tensors) {
      const end = written + tensorBytes(tensor);
      for await (const piece of tensor.bytes()) {
        options.signal?.throwIfAborted();
        if (written + piece.length > end) throw new Error(`tensor ${tensor.name} brings more than its shape`);
        written += await append(handle, piece, written);
        options.onProgress?.(written, totalBytes);
      }
      if (written !== end) throw new Error(`tensor ${tensor.name} brings ${end - written} bytes too few`);
      written += await append(handle, Buffer.alloc(padded(written, alignment) - written), written);
    }
    await handle.sync();
    return { sizeBytes: written };
  } finally {
    await handle.close();
  }
}

/** Bytes of a tensor of this shape and type; its rows must be whole blocks. */
export function tensorBytes({ shape, type }: Pick<GgufTensorSource, 'shape' | 'type'>): number {
  const elements = shape.reduce((product, length) => product * length, 1);
  if ((shape[0] ?? 0) % type.blockElements !== 0)
    throw new Error(`rows of ${shape[0]} are no whole blocks of ${type.name}`);
  return (elements / type.blockElements) * type.blockBytes;
}

/** Header, metadata and tensor table, padded to where the first tensor begins. */
export function ggufHeader(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensorSource[],
  alignment: number,
): Buffer {
  const parts: Buffer[] = [
    Buffer.from('GGUF', 'latin1'),
    encodeScalar('uint32', 3),
    encodeScalar('uint64', tensors.length),
    encodeScalar('uint64', metadata.size),
  ];
  for (const [key, value] of metadata) parts.push(encodeScalar('string', key), encodeValue(value));
  let offset = 0;
  for (const tensor of tensors) {
    parts.push(encodeScalar('string', tensor.name), encodeScalar('uint32', tensor.shape.length));
    for (const length of tensor.shape) parts.push(encodeScalar('uint64', length));
    parts.push(encodeScalar('uint32', tensor.type.id), encodeScalar('uint64', offset));
    offset = padded(offset + tensorBytes(tensor), alignment);
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat(parts, padded(length, alignment));
}

function encodeValue(value: GgufValue): Buffer {
  const type = encodeScalar('uint32', ggufScalarTypes.indexOf(value.type));
  if (value.type !== 'array') return Buffer.concat([type, encodeScalar(value.type, value.value)]);
  const { values, elementType } = value;
  if (values === null) throw new Error('an array that was not kept cannot be written');
  return Buffer.concat([
    type,
    encodeScalar('uint32', ggufScalarTypes.indexOf(elementType)),
    encodeScalar('uint64', values.length),
    ...values.map((each) => encodeScalar(elementType, each)),
  ]);
}

function encodeScalar(type: GgufElementType, value: GgufScalar): Buffer {
  if (type === 'string') {
    const text = Buffer.from(String(value), 'utf8');
    return Buffer.concat([encodeScalar('uint64', text.length), text]);
  }
  const buffer = Buffer.alloc(8);
  return buffer.subarray(0, writers[type](buffer, value));
}

type Writer = (buffer: Buffer, value: GgufScalar) => number;

const writers: Readonly<Record<Exclude<GgufElementType, 'string'>, Writer>> = {
  uint8: (buffer, value) => buffer.writeUInt8(Number(value)),
  int8: (buffer, value) => buffer.writeInt8(Number(value)),
  uint16: (buffer, value) => buffer.writeUInt16LE(Number(value)),
  int16: (buffer, value) => buffer.writeInt16LE(Number(value)),
  uint32: (buffer, value) => buffer.writeUInt32LE(Number(value)),
  int32: (buffer, value) => buffer.writeInt32LE(Number(value)),
  float32: (buffer, value) => buffer.writeFloatLE(Number(value)),
  bool: (buffer, value) => buffer.writeUInt8(Number(value)),
  uint64: (buffer, value) => buffer.writeBigUInt64LE(BigInt(value)),
  int64: (buffer, value) => buffer.writeBigInt64LE(BigInt(value)),
  float64: (buffer, value) => buffer.writeDoubleLE(Number(value)),
};

async function append(handle: FileHandle, bytes: Buffer, position: number): Promise<number> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
  return bytes.length;
}
