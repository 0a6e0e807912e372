import { steadyClock } from '../../kernel/clock.ts';
import type { Running } from '../../kernel/ports/running.ts';
import type { EngineHostDependencies } from './engine-host-dependencies.ts';
import { type HostLease, renewHostLease } from './engine-host-store.ts';
import { acquireHostLease, releaseSilentHosts, returnHostLease } from './host-lease.ts';
import { reconcile } from './reconcile.ts';
import { emptyMemory } from './reconcile-pass.ts';
import { createWorkerFloor } from './worker-floor.ts';

const passMs = 500;

export interface EngineHost extends Running {
  /** Something may have changed: do the next pass now instead of within half a second. */
  wake(): void;
}

/**
 * The engine host of this machine: takes its lease, then brings the workers that run to what is wanted, twice a second
 * and whenever it is woken. While PostgreSQL is away the workers go on (and are restarted) as they are; a lease that
 * another process took ends them.
 */
export function startEngineHost(host: EngineHostDependencies): EngineHost {
  const { log, policy } = host;
  /** A system clock that was set back must not keep a lease from being renewed. */
  const clock = steadyClock;
  let lease: HostLease | null = null;
  let stopping = false;
  let woken: () => void = () => undefined;
  let renewedAt = 0;
  let lookedAroundAt = 0;
  /** The last moment at which the database did not answer, or the start. */
  let troubleAt = clock.now();
  let inTrouble = false;
  let waiting = false;
  let memory = emptyMemory();

  const wake = () => woken();
  const floor = createWorkerFloor(host, wake);

  const holdLease = async (): Promise<HostLease | null> => {
    if (lease === null) {
      lease = await acquireHostLease(host, host.runner, host.facts, policy.leaseMs);
      if (lease === null && !waiting)
        log.warn({ host: host.facts.name }, 'another process is this engine host; waiting for its lease');
      if (lease !== null) log.info({ host: host.facts.name }, 'this process is the engine host now');
      waiting = lease === null;
      renewedAt = clock.now();
    } else if (clock.now() - renewedAt >= policy.leaseMs / 5) {
      if (!(await renewHostLease(host.database, lease, policy.leaseMs))) {
        log.error({ host: host.facts.name }, 'the lease was lost to another process; ending the workers');
        lease = null;
        memory = emptyMemory();
        await floor.endAll(0);
        return null;
      }
      renewedAt = clock.now();
    }
    return lease;
  };

  /** Right after an outage of the database every lease looks old, so the others get time to renew theirs first. */
  const lookAround = async (held: HostLease): Promise<void> => {
    const now = clock.now();
    if (now - troubleAt < policy.leaseMs / 2 || now - lookedAroundAt < policy.leaseMs / 8) return;
    lookedAroundAt = now;
    const silent = await releaseSilentHosts(host, held);
    if (silent > 0) log.warn({ silent }, 'released the workers of engine hosts that give no sign');
  };

  const onePass = async (): Promise<void> => {
    const held = await holdLease();
    if (held === null) return;
    await floor.writeReports(held);
    await reconcile({ host, floor, lease: held, memory });
    await lookAround(held);
  };

  const loop = async (): Promise<void> => {
    while (!stopping) {
      const pause = new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, passMs);
        woken = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      try {
        await onePass();
        if (inTrouble) log.info({}, 'the engine host reaches the database again');
        inTrouble = false;
      } catch (error) {
        troubleAt = clock.now();
        if (!inTrouble)
          log.error({ error }, 'a pass of the engine host failed; its workers go on, it is tried again');
        inTrouble = true;
      }
      await pause;
    }
  };
  const ended = loop();

  const stop = async (graceMs: number): Promise<void> => {
    stopping = true;
    wake();
    // A pass may hang in a database that neither answers nor refuses; the workers are ended all the same.
    const settled = await within(ended, databaseMs);
    await floor.endAll(graceMs);
    if (lease === null || !settled) return;
    try {
      if (!(await within(returnHostLease(host, lease), databaseMs)))
        log.warn({}, 'the lease could not be given back in time; it runs out by itself');
    } catch (error) {
      log.warn({ error }, 'the lease could not be given back; it runs out by itself');
    }
  };
  let stopped: Promise<void> | null = null;
  return {
    wake,
    stop(graceMs) {
      stopped ??= stop(graceMs);
      return stopped;
    },
  };
}

/** How long a stop waits for the database. */
const databaseMs = 5_000;

/** Whether a promise settled in time; its rejection is the caller's. */
async function within(promise: Promise<void>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
