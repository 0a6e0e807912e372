import type { WorkerTransport } from '../../kernel/ports/worker-transport.ts';
import { ConnectionPool } from './connection-pool.ts';

const sweepMs = 1000;
const closeMs = 500;

/**
 * Keep-alive connections to model workers, one pool for each address, framed by hand: a general HTTP client costs
 * more processor time than everything else that the gateway does to a request.
 */
export function createWorkerTransport(): WorkerTransport {
  const pools = new Map<string, ConnectionPool>();
  const sweeping = setInterval(() => {
    const nowMs = performance.now();
    for (const pool of pools.values()) pool.sweep(nowMs);
  }, sweepMs).unref();

  function poolOf(address: string): ConnectionPool {
    let pool = pools.get(address);
    if (!pool) {
      pool = new ConnectionPool(address);
      pools.set(address, pool);
    }
    return pool;
  }

  return {
    call: (address, request, events) => poolOf(address).call(request, events),
    keepOnly(addresses) {
      for (const [address, pool] of pools) {
        if (addresses.has(address)) continue;
        pools.delete(address);
        void pool.close();
      }
    },
    async close() {
      clearInterval(sweeping);
      const closing = [...pools.values()].map(closeSoon);
      pools.clear();
      await Promise.all(closing);
    },
  };
}

/** Lets what is being sent (cancellations) get out, then breaks the connections. */
async function closeSoon(pool: ConnectionPool): Promise<void> {
  const timer = setTimeout(() => pool.destroy(), closeMs);
  await pool.close();
  clearTimeout(timer);
}
