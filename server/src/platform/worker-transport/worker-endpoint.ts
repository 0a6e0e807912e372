import type { NetConnectOpts } from 'node:net';

/** How a worker is reached. */
export interface WorkerEndpoint {
  readonly connect: NetConnectOpts;
  /** The `host` that its requests name. */
  readonly host: string;
}

const probeMs = 60_000;

/** `unix:/path` or `http://host:port`. Throws for anything else. */
export function workerEndpoint(address: string): WorkerEndpoint {
  if (address.startsWith('unix:'))
    return { connect: { path: address.slice('unix:'.length) }, host: 'worker' };
  const url = new URL(address);
  if (url.protocol !== 'http:') throw new Error(`no worker is called by ${url.protocol}`);
  return {
    connect: {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || 80),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: probeMs,
    },
    host: url.host,
  };
}
