import { steadyClock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import { type ClaimParts, claimRequests } from './claim-requests.ts';
import { createColdModels } from './cold-models.ts';
import { type DispatcherDependencies, usualTiming } from './dispatcher-dependencies.ts';
import { failWaiting } from './fail-waiting.ts';
import { groupWaiting, type WaitingVersion } from './group-waiting.ts';
import type { HeldRequests } from './held-requests.ts';
import { selectWaitingPairs, unfixedVersion, type WaitingPair } from './lease-store.ts';
import type { VersionLane } from './version-lane.ts';

/** When many requests are accepted, not each of them is looked for at once. */
const shortestPauseMs = 50;
/** Telling who waits takes longer the more projects wait: the pause after it is at least so many times as long. */
const pausesToLook = 4;

/** What waits in the queue, as this process sees it, and its claims. */
export interface QueueLook {
  /** Somebody wants everything to be looked at again. */
  readonly isWanted: boolean;
  /** How long until it may be. */
  readonly pauseLeftMs: number;
  want(): void;
  /** Looks at everything that waits: claims it, asks for its model, or fails it. */
  look(): Promise<void>;
  /** Claims more where more is known to wait. */
  refill(): Promise<void>;
}

/** One thing to look at: a version by its id, or what waits for no model. */
interface Step {
  readonly of: string;
  go(): Promise<void>;
}

export function createQueueLook(
  deps: DispatcherDependencies,
  parts: ClaimParts,
  held: HeldRequests,
): QueueLook {
  const { unknownMs } = deps.timing ?? usualTiming;
  const coldModels = createColdModels(deps);
  let isWanted = true;
  let nextAt = 0;
  /** What could not be looked at last time. It comes last, so that it keeps nothing else from its turn. */
  let failing: ReadonlySet<string> = new Set();

  async function claim(lane: VersionLane): Promise<void> {
    const { versionId, pairs, slots, prefetch } = lane;
    const claimed = await claimRequests(parts, { versionId, pairs, slots, prefetch, held: lane.held });
    lane.permits = claimed.permits;
    lane.more = claimed.more;
    held.add(lane, claimed.requests);
  }

  function slotsOf({ versionId }: VersionLane): number {
    const replicas = deps.policy().replicas.get(versionId) ?? [];
    return replicas.reduce((sum, replica) => sum + Math.max(1, replica.slots), 0);
  }

  async function lookAt({ model, pairs }: WaitingVersion): Promise<void> {
    const lane = held.lane(model.versionId);
    lane.pairs = pairs;
    lane.slots = slotsOf(lane);
    if (lane.slots === 0) {
      await coldModels.wake(model, pairs);
      return;
    }
    coldModels.forget(model.versionId);
    await claim(lane);
  }

  /** Nothing waits any more, and other processes may have left slots to what is at hand here. */
  async function claimSlots(lane: VersionLane): Promise<void> {
    lane.slots = slotsOf(lane);
    if (lane.slots > 0) await claim(lane);
  }

  async function failAbsent(absent: readonly WaitingPair[]): Promise<void> {
    for (const pair of absent) {
      const { model, versionId: version } = pair;
      const error =
        version === unfixedVersion
          ? new SamovarError('model.not_found', { params: { model } })
          : new SamovarError('model.version_gone', { params: { model, version } });
      if (!(await failWaiting(deps, [pair], { error, waitedMs: unknownMs }))) isWanted = true;
    }
  }

  function stepsOf(pairs: readonly WaitingPair[]): Step[] {
    const { versions, absent } = groupWaiting(pairs, deps.policy().models);
    const steps: Step[] = versions.map((version) => ({
      of: version.model.versionId,
      go: () => lookAt(version),
    }));
    const waitedFor = new Set(steps.map(({ of }) => of));
    for (const lane of held.lanes)
      if (lane.isShort && !waitedFor.has(lane.versionId))
        steps.push({ of: lane.versionId, go: () => claimSlots(lane) });
    steps.push({ of: 'absent', go: () => failAbsent(absent) });
    return steps.sort((left, right) => Number(failing.has(left.of)) - Number(failing.has(right.of)));
  }

  /** One that fails is passed over; when the next one fails too, the fault is not its own. */
  async function walk(steps: readonly Step[]): Promise<void> {
    const failed = new Set<string>();
    let failedLast = false;
    try {
      for (const { of, go } of steps)
        try {
          await go();
          failedLast = false;
        } catch (error) {
          failed.add(of);
          if (failedLast) throw error;
          failedLast = true;
          if (!failing.has(of))
            deps.log.warn({ error, of }, 'asynchronous requests of one model cannot be looked at at present');
        }
    } finally {
      failing = failed;
    }
  }

  return {
    get isWanted() {
      return isWanted;
    },
    get pauseLeftMs() {
      return Math.max(0, nextAt - steadyClock.now());
    },
    want() {
      isWanted = true;
    },
    async look() {
      isWanted = false;
      const begunAt = steadyClock.now();
      const pairs = await selectWaitingPairs(deps.database);
      const endedAt = steadyClock.now();
      nextAt = endedAt + Math.max(shortestPauseMs, (endedAt - begunAt) * pausesToLook);
      for (const lane of held.lanes) lane.more = false;
      await walk(stepsOf(pairs));
    },
    async refill() {
      for (const lane of held.lanes) if (lane.more && lane.wantsMore) await claim(lane);
    },
  };
}
