import type { Server, Socket } from 'node:net';

/** What an HTTP/2 client understands (RFC 9113, 6.5 and 6.8): empty SETTINGS, then GOAWAY with ENHANCE_YOUR_CALM. */
const farewell = Buffer.from(
  ['000000', '04', '00', '00000000', '000008', '07', '00', '00000000', '00000000', '0000000b'].join(''),
  'hex',
);
const lingerMs = 1000;

/**
 * Lets at most `limit` connections reach the server. One beyond it is told to come back later where that can be said
 * before any handshake, and closed: it costs a socket for a moment.
 */
export function limitConnections(server: Server, limit: number, plain: boolean): { readonly open: number } {
  const serve = server.listeners('connection');
  server.removeAllListeners('connection');
  const guard = { open: 0 };
  server.on('connection', (socket: Socket) => {
    if (guard.open >= limit) {
      refuse(socket, plain);
      return;
    }
    guard.open += 1;
    socket.once('close', () => {
      guard.open -= 1;
    });
    for (const listener of serve) listener.call(server, socket);
  });
  return guard;
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
