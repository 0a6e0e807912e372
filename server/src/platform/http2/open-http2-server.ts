import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Certificate } from '../../kernel/ports/certificate.ts';
import { type ConnectionLimits, type ConnectionListener, Http2Connection } from './connection.ts';
import { PagePool } from './page-pool.ts';

export interface Http2ServerOptions {
  /** `null` for plain connections, which clients must know to speak HTTP/2 (RFC 9113, section 3.3). */
  readonly certificate: Certificate | null;
  /** For the handshake of TLS. */
  readonly handshakeMs: number;
  readonly limits: ConnectionLimits;
  /** Returns who serves a connection that begins. */
  connected(connection: Http2Connection): ConnectionListener;
}

const protocol = 'h2';

/** An HTTP/2 server, not listening yet. Over TLS it takes clients that ask for `h2` alone (section 3.2). */
export function openHttp2Server({ certificate, handshakeMs, limits, connected }: Http2ServerOptions): Server {
  const pages = new PagePool();
  const serve = (socket: Socket): void => {
    const connection = new Http2Connection(socket, limits, pages);
    connection.listen(connected(connection));
  };
  if (certificate === null) return createServer({ noDelay: true }, serve);
  const options: TlsOptions = {
    ...certificate.secureContextOptions(),
    ALPNProtocols: [protocol],
    handshakeTimeout: handshakeMs,
    noDelay: true,
  };
  const server = createSecureServer(options, (socket: TLSSocket) => {
    if (socket.alpnProtocol === protocol) serve(socket);
    else socket.destroy();
  });
  certificate.onChange((changed) => server.setSecureContext(changed));
  return server;
}
