import type { Server, Socket } from 'node:net';

/** What an HTTP/2 client understands (RFC 9113, 6.5 and 6.8): empty SETTINGS, then GOAWAY with ENHANCE_YOUR_CALM. */
const farewell = Buffer.from(
  ['000000', '04', '00', '00000000', '000008', '07', '00', '00000000', '00000000', '0000000b'].join(''),
  'hex',
);
const lingerMs = 1000;

export interface LimitedConnections {
  readonly open: number;
  /** Closes all of them, also those that have not shaken hands yet. */
  close(): void;
}

/**
 * Lets at most `limit` connections reach the server. One beyond it is told to come back later where that can be said
 * before any handshake, and closed: it costs a socket for a moment.
 */
export function limitConnections(server: Server, limit: number, plain: boolean): LimitedConnections {
  const serve = server.listeners('connection');
  server.removeAllListeners('connection');
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    if (open.size >= limit) {
      refuse(socket, plain);
      return;
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    for (const listener of serve) listener.call(server, socket);
  });
  return {
    get open() {
      return open.size;
    },
    close() {
      for (const socket of open) socket.destroy();
    },
  };
}

function refuse(socket: Socket, plain: boolean): void {
  socket.on('error', () => socket.destroy());
  if (!plain) {
    socket.destroy();
    return;
  }
  socket.end(farewell);
  socket.resume();
  setTimeout(() => socket.destroy(), lingerMs).unref();
}
