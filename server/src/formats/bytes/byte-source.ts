import { type FileHandle, open } from 'node:fs/promises';

/** Bytes that are read in ranges, never as a whole. */
export interface ByteSource {
  /** What messages call it. */
  readonly name: string;
  readonly sizeBytes: number;
  /** At most `length` bytes from `offset`; fewer only at the end. */
  read(offset: number, length: number): Promise<Buffer>;
}

export interface FileSource extends ByteSource, AsyncDisposable {}

/** A file on the disk; `name` is what messages call it. The caller disposes of it. */
export async function openFileSource(path: string, name: string): Promise<FileSource> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    return {
      name,
      sizeBytes: size,
      read: (offset, length) => readRange(handle, offset, Math.min(length, Math.max(0, size - offset))),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Bytes that are in memory already. */
export function bufferSource(bytes: Buffer, name: string): ByteSource {
  return {
    name,
    sizeBytes: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  };
}

async function readRange(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
