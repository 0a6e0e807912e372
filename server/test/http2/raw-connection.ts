import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { FrameParser } from '../../src/platform/http2/frame-parser.ts';
import { encodeField } from '../../src/platform/http2/hpack/encode-fields.ts';
import { clientPreface, flag, frameType } from '../../src/platform/http2/protocol.ts';

export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** A connection on which any bytes can be sent. */
export interface RawConnection {
  readonly socket: Socket;
  readonly frames: readonly RawFrame[];
  send(...parts: readonly Buffer[]): void;
  /** The first frame of the type, on this stream when one is named. */
  next(type: number, streamId?: number): Promise<RawFrame>;
  /** The code with which this stream, or the first of any, is reset. */
  resetCode(streamId?: number): Promise<number>;
  /** The code of the farewell; `null` when the connection closes without one. */
  farewell(): Promise<number | null>;
  readonly closed: Promise<void>;
  close(): void;
}

const patienceMs = 10_000;

/** Speaks to a server on this machine; greets it first unless told not to. */
export async function connectRaw(port: number, greeting: readonly Buffer[] = hello): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const frames: RawFrame[] = [];
  let changed = Promise.withResolvers<void>();
  const tell = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const parser = new FrameParser(({ type, flags, streamId, bytes, begin, end }) => {
    frames.push({ type, flags, streamId, payload: Buffer.from(bytes.subarray(begin, end)) });
    return true;
  });
  socket.on('data', (chunk) => {
    parser.push(chunk);
    tell();
  });
  await once(socket, 'connect');
  // A server that ends a connection may reset it; tests look at what came before, and at its closing.
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  let isClosed = false;
  void closed.then(() => {
    isClosed = true;
    tell();
  });
  if (greeting.length > 0) socket.write(Buffer.concat(greeting));
  const find = async (type: number, streamId?: number): Promise<RawFrame | null> => {
    const until = performance.now() + patienceMs;
    const timer = setTimeout(tell, patienceMs + 1);
    try {
      for (;;) {
        const found = frames.find(
          (each) => each.type === type && (streamId === undefined || each.streamId === streamId),
        );
        if (found || isClosed) return found ?? null;
        if (performance.now() > until) throw new Error(`No frame of type ${type} came in time`);
        await changed.promise;
      }
    } finally {
      clearTimeout(timer);
    }
  };
  const next = async (type: number, streamId?: number): Promise<RawFrame> => {
    const found = await find(type, streamId);
    if (found === null) throw new Error(`The connection closed before a frame of type ${type}`);
    return found;
  };
  return {
    socket,
    frames,
    send(...parts) {
      if (!socket.destroyed) socket.write(Buffer.concat(parts));
    },
    next,
    resetCode: async (streamId) => (await next(frameType.rstStream, streamId)).payload.readUInt32BE(0),
    async farewell() {
      const found = await find(frameType.goaway);
      return found === null ? null : found.payload.readUInt32BE(4);
    },
    closed,
    close: () => socket.destroy(),
  };
}

/** A frame as it is sent. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** Four bytes. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** One setting. */
export function settingOf(name: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([name >> 8, name & 0xff]), uint32(value)]);
}

/** What a client begins with. */
export const hello: readonly Buffer[] = [clientPreface, frame(frameType.settings, 0, 0)];

/** The block of a request for a path. */
export function requestBlock(path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  const fields = { ':method': 'POST', ':scheme': 'http', ':path': path, ...more };
  const block = Object.entries(fields).map(([name, value]) => encodeField(name, value));
  return Buffer.from(block.join(''), 'latin1');
}

/** A request that is complete with its headers, or one whose body is to come. */
export function requestFrame(streamId: number, path: string, ends = true): Buffer {
  const flags = flag.endHeaders | (ends ? flag.endStream : 0);
  return frame(frameType.headers, flags, streamId, requestBlock(path));
}
