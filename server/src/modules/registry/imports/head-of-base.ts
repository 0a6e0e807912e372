import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ObjectStore } from '../../../kernel/ports/object-store.ts';
import { modelFileKey } from '../get-version-files.ts';
import type { AdapterBase } from './adapter-base.ts';

/** The metadata of a GGUF file, its vocabulary included, is in front and smaller than this. */
const headBytes = 64 * 1024 * 1024;

export interface HeadTask {
  readonly objectStore: ObjectStore;
  /** Where the beginning of a file lies while it is used that is not on this machine. */
  readonly place: string;
  readonly signal: AbortSignal;
}

/** Hands on the beginning of a base's GGUF file: its metadata and the shapes of its matrices. */
export async function withHeadOfBase<T>(
  { objectStore, place, signal }: HeadTask,
  { sha256 }: AdapterBase,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const key = modelFileKey(sha256);
  const local = objectStore.localPath(key);
  if (local !== null) return await use(local);
  await mkdir(dirname(place), { recursive: true });
  try {
    await pipeline(await objectStore.get(key), upTo(headBytes), createWriteStream(place), { signal });
    return await use(place);
  } finally {
    await rm(place, { force: true });
  }
}

function upTo(limitBytes: number) {
  return async function* (bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let left = limitBytes;
    for await (const piece of bytes) {
      yield piece.subarray(0, left);
      left -= piece.length;
      if (left <= 0) return;
    }
  };
}
