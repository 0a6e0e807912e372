import { Socket } from 'node:net';

/**
 * A socket that breaks after so long without a byte. When a server vanishes without a word (its machine died, a
 * firewall forgot the connection) the kernel waits a quarter of an hour, and every query on it would too.
 */
export function impatientSocket(limitMs: number): Socket {
  const socket = new Socket();
  socket.setTimeout(limitMs, () => {
    const error = new Error(`PostgreSQL gave no sign for ${limitMs} ms; the connection is given up`);
    socket.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
  });
  return socket;
}
