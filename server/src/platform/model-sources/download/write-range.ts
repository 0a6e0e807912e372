import type { FileHandle } from 'node:fs/promises';
import { PassingFault } from '../passing-fault.ts';
import type { ByteBody } from './byte-body.ts';
import type { ByteRange } from './byte-source.ts';
import type { Gate } from './gate.ts';

/** Bytes of one write. */
const writeBytes = 1024 * 1024;
/** A connection that carries less within `silenceMs` counts as stalled. */
const leastBytes = 16 * 1024;

/** Two buffers of one connection: one is written while the other is filled. */
export type WriteBuffers = readonly [Buffer, Buffer];

/** To be made once for many parts: what is made for each would be collected too late. */
export function createWriteBuffers(): WriteBuffers {
  return [Buffer.allocUnsafeSlow(writeBytes), Buffer.allocUnsafeSlow(writeBytes)];
}

export interface WriteOptions {
  readonly buffers: WriteBuffers;
  readonly silenceMs: number;
  /** Lets few writes run at a time: each holds a thread of the pool that file access and name look-ups share. */
  readonly write: Gate;
  /** Called when these bytes lie in the file. */
  onWritten(range: ByteRange): void;
}

/**
 * Writes a body to its place in a file, a megabyte at a time; the next one is received meanwhile. A body that ends too
 * early, goes on too long or stalls is a `PassingFault`; what was written before counts.
 */
export async function writeRange(
  body: ByteBody,
  handle: FileHandle,
  range: ByteRange,
  options: WriteOptions,
): Promise<void> {
  const watch = watchForStall(body, options.silenceMs);
  let [filling, spare] = options.buffers;
  let position = range.start;
  let writing: Promise<void> = Promise.resolve();
  try {
    for (;;) {
      const count = await body.fill(filling);
      if (count === 0) break;
      if (position + count > range.end)
        throw new PassingFault('the server sent more bytes than it announced');
      await writing;
      const [bytes, start, end] = [filling.subarray(0, count), position, position + count];
      writing = options
        .write(() => writeAll(handle, bytes, start))
        .then(() => options.onWritten({ start, end }));
      // Awaited before the next write; a failure until then is not an unhandled one.
      writing.catch(() => {});
      position = end;
      [filling, spare] = [spare, filling];
    }
  } finally {
    watch.end();
    body.destroy();
    await writing;
  }
  if (position !== range.end && range.end !== Number.POSITIVE_INFINITY)
    throw new PassingFault(`the server sent ${position - range.start} of ${range.end - range.start} bytes`);
}

async function writeAll(handle: FileHandle, bytes: Buffer, start: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const outcome = await handle.write(bytes, written, bytes.length - written, start + written);
    written += outcome.bytesWritten;
  }
}

function watchForStall(body: ByteBody, silenceMs: number): { end(): void } {
  let before = 0;
  const timer = setInterval(() => {
    if (body.receivedBytes() - before < leastBytes)
      body.destroy(new PassingFault(`the connection carried next to nothing for ${silenceMs / 1000} s`));
    before = body.receivedBytes();
  }, silenceMs);
  return { end: () => clearInterval(timer) };
}
