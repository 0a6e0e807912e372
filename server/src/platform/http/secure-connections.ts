import type { Server } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Certificate } from '../../kernel/ports/certificate.ts';

export interface SecureServerOptions extends ServerOptions {
  /** How long a connection may take until it is ready for its first request. */
  readonly handshakeTimeout: number;
}

export interface SecureConnections {
  /** Closes every connection, those included on which TLS has not begun. */
  close(): void;
}

/** The type of the first record of a TLS connection (RFC 8446, section 5.1). */
const handshakeRecord = 0x16;

/** An HTTP server behind TLS. A new certificate is for new connections; those that are open keep the old one. */
export function createSecureServer(certificate: Certificate, options: SecureServerOptions): Server {
  const server = createServer({ ...options, ...certificate.secureContextOptions() });
  certificate.onChange((changed) => server.setSecureContext(changed));
  return server;
}

/**
 * Lets TLS begin where a client's first byte begins it. A client that speaks HTTP without TLS is handed to
 * `refusePlain`, which can answer it in words that it reads. At most `limit` connections may be on their way to
 * their first request; more are dropped unheard.
 */
export function watchSecureConnections(
  server: Server,
  { limit, timeoutMs, refusePlain }: { limit: number; timeoutMs: number; refusePlain(socket: Socket): void },
): SecureConnections {
  const begin = server.listeners('connection');
  server.removeAllListeners('connection');
  const all = new Set<Socket>();
  let secured = 0;
  server.on('secureConnection', (socket: Socket) => {
    secured += 1;
    socket.once('close', () => {
      secured -= 1;
    });
  });
  server.on('connection', (socket: Socket) => {
    if (all.size - secured >= limit) {
      socket.destroy();
      return;
    }
    all.add(socket);
    socket.once('close', () => all.delete(socket));
    whenSpoken(socket, timeoutMs, (first) => {
      socket.unshift(first);
      if (first[0] !== handshakeRecord) refusePlain(socket);
      else for (const listener of begin) listener.call(server, socket);
    });
  });
  return {
    close() {
      for (const socket of all) socket.destroy();
    },
  };
}

/** Waits for the first bytes; a connection that sends none in time, or ends, is closed. */
function whenSpoken(socket: Socket, timeoutMs: number, heard: (first: Buffer) => void): void {
  const drop = (): void => void socket.destroy();
  const look = (): void => {
    const first: unknown = socket.read();
    socket.off('error', drop);
    socket.off('timeout', drop);
    socket.setTimeout(0);
    if (Buffer.isBuffer(first)) heard(first);
    else drop();
  };
  socket.once('readable', look);
  socket.on('error', drop);
  socket.setTimeout(timeoutMs, drop);
}
