import type { Socket } from 'node:net';
import type { ProxyAddress } from '../outbound-network/proxy-choice.ts';

const headLimitBytes = 16 * 1024;

/**
 * Has a proxy connect to `authority` (`host:port`) over a socket to it, and resolves when what is written there arrives
 * at the other end (CONNECT: RFC 9110, 9.3.6). Rejects when the proxy refuses or breaks off; the socket is useless then.
 */
export function openTunnel(socket: Socket, proxy: ProxyAddress, authority: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const name = `the proxy ${proxy.host}:${proxy.port}`;
  let head = Buffer.alloc(0);

  function settle(error: Error | null): void {
    socket.off('data', read).off('error', settle).off('close', closed);
    if (error === null) resolve();
    else reject(error);
  }
  function closed(): void {
    settle(new Error(`${name} closed the connection`));
  }
  function read(chunk: Buffer): void {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1 && head.length < headLimitBytes) return;
    const [, status] = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(head.toString('latin1', 0, 64)) ?? [];
    socket.pause();
    if (end === -1 || status === undefined) settle(new Error(`${name} does not answer as one`));
    else if (!status.startsWith('2'))
      settle(new Error(`${name} refuses to connect to ${authority} (${status})`));
    // The other end does not speak first.
    else if (head.length > end + 4) settle(new Error(`${name} says more than it was asked`));
    else settle(null);
  }

  socket.on('data', read).on('error', settle).on('close', closed);
  const authorization = proxy.authorization === null ? '' : `proxy-authorization: ${proxy.authorization}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${authorization}\r\n`);
  return promise;
}
