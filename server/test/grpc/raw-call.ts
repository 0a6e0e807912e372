import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { goodKey } from './test-server.ts';

export interface RawAnswer {
  /** HTTP's own. */
  readonly httpStatus: number;
  /** `grpc-status`, `null` when the stream ended without one. */
  readonly status: number | null;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly bytes: Buffer;
}

/** A connection of Node's HTTP/2 client: what an official gRPC client would never send can be sent. */
export function rawConnection(address: string): ClientHttp2Session {
  const session = connect(`http://${address}`);
  session.on('error', () => {});
  return session;
}

/** One call of these bytes; `headers` over the usual ones. */
export function rawCall(
  session: ClientHttp2Session,
  path: string,
  body: Buffer | readonly Buffer[],
  headers: OutgoingHttpHeaders = {},
): Promise<RawAnswer> {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: `Bearer ${goodKey}`,
    ...headers,
  });
  return new Promise((resolve) => {
    let all: Record<string, unknown> = {};
    const chunks: Buffer[] = [];
    const keep = (more: object) => {
      all = { ...all, ...more };
    };
    stream.on('response', keep);
    stream.on('trailers', keep);
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('close', () =>
      resolve({
        httpStatus: Number(all[':status'] ?? 0),
        status: all['grpc-status'] === undefined ? null : Number(all['grpc-status']),
        headers: all,
        bytes: Buffer.concat(chunks),
      }),
    );
    for (const part of Array.isArray(body) ? body : [body]) stream.write(part);
    stream.end();
  });
}

/** A message behind its prefix. */
export function framed(bytes: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
