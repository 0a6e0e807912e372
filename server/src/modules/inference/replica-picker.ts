import type { Clock } from '../../kernel/clock.ts';
import type { Replica } from '../serving/index.ts';
import { affinityKey, hashText } from './affinity-key.ts';
import type { EngineGates } from './engine-gates.ts';
import { isRemote } from './remote-replica.ts';

/** How long a worker that could not be reached is passed over; the snapshot has noticed by then. */
const lostMs = 3000;

/** Chooses among the replicas of one model, and keeps count of what runs on each. */
export interface ReplicaPicker {
  /**
   * The replica for this request, `null` when none is left. The one with the request's prefix in its cache (by
   * rendezvous hashing) comes first while it has a free slot; else the one with the least work per slot.
   */
  pick(
    replicas: readonly Replica[],
    body: Readonly<Record<string, unknown>>,
    tried: ReadonlySet<string> | null,
  ): Replica | null;
  /** Whether any of these may be tried now. */
  hasUsable(replicas: readonly Replica[]): boolean;
  begin(replica: Replica): void;
  end(replica: Replica): void;
  /** Passes over a worker for a moment: it could not be reached, or it is about to stop. */
  markLost(replica: Replica): void;
}

export function createReplicaPicker(clock: Clock, gates: EngineGates): ReplicaPicker {
  const running = new Map<string, number>();
  const lostUntil = new Map<string, number>();

  const isLost = (workerId: string): boolean => {
    const until = lostUntil.get(workerId);
    if (until === undefined) return false;
    if (until > clock.now()) return true;
    lostUntil.delete(workerId);
    return false;
  };
  const takes = (replica: Replica, tried: ReadonlySet<string> | null): boolean =>
    !tried?.has(replica.workerId) &&
    (isRemote(replica) ? gates.state(replica) === 'open' : !isLost(replica.workerId));
  const load = (replica: Replica): number =>
    (running.get(replica.workerId) ?? 0) / Math.max(1, replica.slots);

  return {
    pick(replicas, body, tried) {
      const [only] = replicas;
      if (only && replicas.length === 1) return takes(only, tried) ? only : null;
      const usable = replicas.filter((replica) => takes(replica, tried));
      if (usable.length === 0) return null;
      const key = affinityKey(body);
      const near = best(usable, (replica) => -hashText(replica.workerId, key));
      return load(near) < 1 ? near : best(usable, load);
    },
    hasUsable: (replicas) => replicas.some((replica) => takes(replica, null)),
    begin(replica) {
      const { workerId } = replica;
      running.set(workerId, (running.get(workerId) ?? 0) + 1);
      if (isRemote(replica)) gates.begin(replica);
    },
    end(replica) {
      const { workerId } = replica;
      const left = (running.get(workerId) ?? 1) - 1;
      if (left > 0) running.set(workerId, left);
      else running.delete(workerId);
      if (isRemote(replica)) gates.end(replica);
    },
    markLost(replica) {
      if (isRemote(replica)) gates.absent(replica);
      else lostUntil.set(replica.workerId, clock.now() + lostMs);
    },
  };
}

/** The one with the smallest rank. */
function best(replicas: readonly Replica[], rank: (replica: Replica) => number): Replica {
  return replicas.reduce((left, right) => (rank(right) < rank(left) ? right : left));
}
