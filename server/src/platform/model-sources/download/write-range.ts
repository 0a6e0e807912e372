import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { PassingFault } from '../passing-fault.ts';
import type { ByteRange } from './byte-source.ts';
import type { Gate } from './gate.ts';

/** Bytes of one write. */
const writeBytes = 1024 * 1024;
/** A connection that carries less within `silenceMs` counts as stalled. */
const leastBytes = 16 * 1024;

export interface WriteOptions {
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
  body: Readable,
  handle: FileHandle,
  range: ByteRange,
  options: WriteOptions,
): Promise<void> {
  const watch = watchForStall(body, options.silenceMs);
  let position = range.start;
  let gathered: Buffer[] = [];
  let gatheredBytes = 0;
  let writing: Promise<void> = Promise.resolve();

  const flush = async (): Promise<void> => {
    const [buffers, start, end] = [gathered, position - gatheredBytes, position];
    gathered = [];
    gatheredBytes = 0;
    await writing;
    if (end === start) return;
    writing = options
      .write(() => writeAll(handle, buffers, start))
      .then(() => options.onWritten({ start, end }));
    // Awaited by the next flush; a failure until then is not an unhandled one.
    writing.catch(() => {});
  };

  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      watch.carried(chunk.length);
      if (position + chunk.length > range.end)
        throw new PassingFault('the server sent more bytes than it announced');
      gathered.push(chunk);
      gatheredBytes += chunk.length;
      position += chunk.length;
      if (gatheredBytes >= writeBytes) await flush();
    }
  } finally {
    watch.end();
    body.destroy();
    // Also after a failure: what came until then need not come again.
    await flush();
    await writing;
  }
  if (position !== range.end && range.end !== Number.POSITIVE_INFINITY)
    throw new PassingFault(`the server sent ${position - range.start} of ${range.end - range.start} bytes`);
}

async function writeAll(handle: FileHandle, buffers: Buffer[], start: number): Promise<void> {
  const { bytesWritten } = await handle.writev(buffers, start);
  let skip = bytesWritten;
  let position = start + bytesWritten;
  for (const buffer of buffers) {
    let rest = buffer.subarray(Math.min(skip, buffer.length));
    skip -= buffer.length - rest.length;
    while (rest.length > 0) {
      const written = await handle.write(rest, 0, rest.length, position);
      rest = rest.subarray(written.bytesWritten);
      position += written.bytesWritten;
    }
  }
}

function watchForStall(body: Readable, silenceMs: number): { carried(bytes: number): void; end(): void } {
  let bytes = 0;
  let lastBytes = 0;
  const timer = setInterval(() => {
    if (bytes - lastBytes < leastBytes)
      body.destroy(new PassingFault(`the connection carried next to nothing for ${silenceMs / 1000} s`));
    lastBytes = bytes;
  }, silenceMs);
  return {
    carried(count) {
      bytes += count;
    },
    end: () => clearInterval(timer),
  };
}
