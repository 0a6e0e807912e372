import type { AddressInfo } from 'node:net';
import type { ConnectionLimits, Http2Connection } from '../../src/platform/http2/connection.ts';
import { encodeField, encodeStatus } from '../../src/platform/http2/hpack/encode-fields.ts';
import { openHttp2Server } from '../../src/platform/http2/open-http2-server.ts';
import type { RequestHead } from '../../src/platform/http2/request-head.ts';
import type { ServerStream } from '../../src/platform/http2/server-stream.ts';

export const okHeaders = encodeStatus(200) + encodeField('content-type', 'text/plain');
export const trailers = encodeField('x-end', 'yes');

export interface TestHttp2Server {
  readonly port: number;
  readonly connections: Http2Connection[];
  /** What ended connections, in their order. */
  readonly faults: (Error | null)[];
  /** Streams that are open. */
  readonly open: ReadonlySet<ServerStream>;
  /** Heads of the requests so far. */
  readonly heads: RequestHead[];
  stop(): Promise<void>;
}

export interface TestHttp2Options {
  readonly limits?: Partial<ConnectionLimits>;
  /** Answers a request that is whole; an echo without. */
  answer?(stream: ServerStream, body: Buffer, head: RequestHead): void;
  /** What `write` was too much for has been sent. */
  drained?(stream: ServerStream): void;
}

/** Our server alone, on a free port: it answers with the body that it is sent, and with trailers. */
export async function startTestHttp2Server(options: TestHttp2Options = {}): Promise<TestHttp2Server> {
  const connections: Http2Connection[] = [];
  const faults: (Error | null)[] = [];
  const open = new Set<ServerStream>();
  const heads: RequestHead[] = [];
  const server = openHttp2Server({
    certificate: null,
    handshakeMs: 1000,
    limits: {
      headerListBytes: 32 * 1024,
      concurrentStreams: 100,
      streamWindowBytes: 256 * 1024,
      connectionWindowBytes: 1024 * 1024,
      heldBytes: 1024 * 1024,
      unfetchedBytes: 8 * 1024 * 1024,
      ...options.limits,
    },
    connected(connection) {
      connections.push(connection);
      return {
        opened(stream, head) {
          heads.push(head);
          open.add(stream);
          serve(stream, head);
        },
        pinged() {},
        ponged() {},
        closed: (fault) => void faults.push(fault),
      };
    },
  });
  function serve(stream: ServerStream, head: RequestHead): void {
    const parts: Buffer[] = [];
    stream.listener = {
      data: (bytes) => void parts.push(bytes),
      ended: () => (options.answer ?? echo)(stream, Buffer.concat(parts), head),
      drained: () => options.drained?.(stream),
      closed: () => void open.delete(stream),
    };
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    connections,
    faults,
    open,
    heads,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of connections) connection.destroy(null);
      await closed;
    },
  };
}

export function echo(stream: ServerStream, body: Buffer): void {
  stream.respond(okHeaders, false);
  if (body.length > 0) stream.write(body);
  stream.end(trailers);
}
