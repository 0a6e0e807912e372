import { open } from 'node:fs/promises';
import { safetensorsBytes } from './safetensors-types.ts';

/** A tensor to be written; its bytes come when it is its turn. */
export interface SafetensorsTensorSource {
  readonly name: string;
  readonly dtype: string;
  /** The slowest dimension first. */
  readonly shape: readonly number[];
  bytes(): AsyncIterable<Buffer> | Iterable<Buffer>;
}

export interface WriteSafetensorsOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  onProgress?(writtenBytes: number, totalBytes: number): void;
}

/**
 * Writes a safetensors file to `path` and waits until it is on the disk; memory does not grow with it. The header is
 * padded with spaces to a multiple of 8, so that the data is aligned.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly SafetensorsTensorSource[],
  options: WriteSafetensorsOptions = {},
): Promise<{ sizeBytes: number }> {
  const entries: Record<string, unknown> = {};
  if (options.metadata) entries.__metadata__ = options.metadata;
  let dataBytes = 0;
  for (const tensor of tensors) {
    const end = dataBytes + sizeOf(tensor);
    entries[tensor.name] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [dataBytes, end] };
    dataBytes = end;
  }
  const json = Buffer.from(JSON.stringify(entries), 'utf8');
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8));
  json.copy(header, 8);
  const handle = await open(path, 'w');
  try {
    await handle.writeFile(header);
    let written = header.length;
    for (const tensor of tensors) {
      const end = written + sizeOf(tensor);
      for await (const piece of tensor.bytes()) {
        options.signal?.throwIfAborted();
        if (written + piece.length > end) throw new Error(`tensor ${tensor.name} brings more than its shape`);
        await handle.writeFile(piece);
        written += piece.length;
        options.onProgress?.(written, header.length + dataBytes);
      }
      if (written !== end) throw new Error(`tensor ${tensor.name} brings ${end - written} bytes too few`);
    }
    await handle.sync();
    return { sizeBytes: written };
  } finally {
    await handle.close();
  }
}

function sizeOf({ name, dtype, shape }: SafetensorsTensorSource): number {
  const size = safetensorsBytes(
    dtype,
    shape.reduce((product, each) => product * each, 1),
  );
  if (size === null) throw new Error(`tensor ${name} cannot be of type ${dtype}`);
  return size;
}
