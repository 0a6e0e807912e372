import { chmod, rm } from 'node:fs/promises';
import type { Server } from 'node:http';

/** Connections that may wait to be accepted: a Unix socket refuses the next one at once. */
const backlog = 4096;

/** Where a worker listens: a Unix socket, or TCP. */
export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** Reads `WorkerStart.listen`: a Unix socket path, or `tcp://host:port`. Throws on anything else. */
export function parseListenAddress(listen: string): ListenAddress {
  if (!listen.startsWith('tcp://')) return { kind: 'unix', path: listen };
  const url = new URL(listen);
  if (url.port === '') throw new Error(`${listen} names no port`);
  return { kind: 'tcp', host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) };
}

/**
 * Starts listening and resolves to the address in use (`tcp://host:0` gets its real port). A worker owns its
 * socket path, so a file that a killed predecessor left there is removed. The socket is for this user only.
 */
export async function listenOn(server: Server, address: ListenAddress): Promise<string> {
  if (address.kind === 'unix') await rm(address.path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const listening = () => {
      server.off('error', reject);
      resolve();
    };
    const where =
      address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
    server.listen({ ...where, backlog }, listening);
  });
  if (address.kind === 'unix') {
    await chmod(address.path, 0o600);
    return address.path;
  }
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : address.port;
  return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`;
}

/** True where a connection can only come from this machine. */
export function isLocal(address: ListenAddress): boolean {
  return address.kind === 'unix' || ['127.0.0.1', '::1', 'localhost'].includes(address.host);
}
