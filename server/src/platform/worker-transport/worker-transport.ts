import { Pool } from 'undici';
import type { WorkerTransport } from '../../kernel/ports/worker-transport.ts';
import { UndiciCall } from './undici-call.ts';

/** Requests at once to one worker; its own queue refuses long before. */
const connectionsPerWorker = 4096;
const closeMs = 500;

/** Keep-alive connections to model workers, one pool for each address. */
export function createWorkerTransport(): WorkerTransport {
  const pools = new Map<string, Pool>();

  function poolOf(address: string): Pool {
    let pool = pools.get(address);
    if (!pool) {
      pool = connect(address);
      pools.set(address, pool);
    }
    return pool;
  }

  return {
    call: (address, request, events) => new UndiciCall(poolOf(address), request, events),
    keepOnly(addresses) {
      for (const [address, pool] of pools) {
        if (addresses.has(address)) continue;
        pools.delete(address);
        // Its requests report their own errors; a pool that cannot close has none.
        pool.close().catch(() => undefined);
      }
    },
    async close() {
      const closing = [...pools.values()].map(closeSoon);
      pools.clear();
      await Promise.all(closing);
    },
  };
}

/** Lets what is being sent (cancellations) get out, then breaks the connections. */
async function closeSoon(pool: Pool): Promise<void> {
  const timer = setTimeout(() => void pool.destroy(), closeMs);
  await pool.close();
  clearTimeout(timer);
}

/** `unix:/path` or `http://host:port`. Workers answer when they have thought: only the connection has a time limit. */
function connect(address: string): Pool {
  const socketPath = address.startsWith('unix:') ? address.slice('unix:'.length) : null;
  return new Pool(socketPath === null ? address : 'http://worker', {
    connections: connectionsPerWorker,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 30_000,
    connect: { timeout: 5000, ...(socketPath === null ? {} : { socketPath }) },
  });
}
