import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Connections beyond the limit that are still told why they are refused; more than that are dropped unheard. */
const refusalsAtOnce = 1024;

export interface ConnectionGuard {
  /** Open connections, those being refused not counted. */
  readonly open: number;
}

/** That there is a connection to serve, by whether it is under TLS. */
export type ConnectionEvent = 'connection' | 'secureConnection';

/**
 * Lets at most `limit` connections reach `serve`, in place of the server itself. A connection beyond it is handed to `refuse`, which
 * answers and closes it: it costs a socket for a moment, never a parser or a request.
 */
export function guardConnections(
  server: Server,
  { limit, event }: { readonly limit: number; readonly event: ConnectionEvent },
  { refuse, serve }: { refuse(socket: Socket): void; serve(socket: Socket): void },
): ConnectionGuard {
  server.removeAllListeners(event);
  const guard = { open: 0 };
  let refusing = 0;
  server.on(event, (socket: Socket) => {
    if (guard.open >= limit) {
      if (refusing >= refusalsAtOnce) {
        socket.destroy();
        return;
      }
      refusing += 1;
      socket.once('close', () => {
        refusing -= 1;
      });
      refuse(socket);
      return;
    }
    guard.open += 1;
    socket.once('close', () => {
      guard.open -= 1;
    });
    serve(socket);
  });
  return guard;
}
