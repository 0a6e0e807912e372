import { steadyClock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { createWakeUp } from '../../kernel/wake-up.ts';
import { changedIds, operationChannel, selectCancelRequested } from '../operations/index.ts';
import { claimRequests } from './claim-requests.ts';
import { createColdModels } from './cold-models.ts';
import { type DispatcherDependencies, usualTiming } from './dispatcher-dependencies.ts';
import { endAttempts } from './end-attempts.ts';
import { failWaiting } from './fail-waiting.ts';
import { groupWaiting, type WaitingVersion } from './group-waiting.ts';
import { createHeldRequests } from './held-requests.ts';
import { deletePermits, renewRows, selectWaitingPairs, setPermits, type WaitingPair } from './lease-store.ts';
import { queueChannel } from './queue-store.ts';
import { takeBackLost } from './take-back-lost.ts';
import type { VersionLane } from './version-lane.ts';

const firstBackOffMs = 250;
const longestBackOffMs = 2_000;
/** What the end of a stop may take beyond its grace: writing down what was ended. */
const lastWriteMs = 3_000;
/** When many requests are accepted, not each of them is looked for at once. */
const shortestPauseMs = 50;
/** Telling who waits takes longer the more projects wait: at most one part in so many of the time is spent with it. */
const pausesToLook = 4;

/**
 * Takes asynchronous requests from the queue to the model workers: as many as these have slots, never more, whatever
 * number of processes does it. One loop writes what has ended and claims what may run next, each time everything that
 * is at hand in one transaction. While PostgreSQL is away, what was claimed goes on, and its ends are kept.
 */
export function createDispatcher(deps: DispatcherDependencies): Running {
  const timing = deps.timing ?? usualTiming;
  const owner = newId();
  const lease = { owner, leaseMs: timing.leaseMs };
  const parts = { ...deps, ...lease };
  const wakeUp = createWakeUp();
  const held = createHeldRequests(deps, timing.backOffMs, wakeUp.wake);
  const coldModels = createColdModels(deps);
  let looking = true;
  let lookedAt = 0;
  let pauseMs = 0;
  /** What could not be looked at last time is looked at last, so that it keeps nothing else from its turn. */
  const failing = new Set<string>();
  let checkingCancels = true;
  let beating = false;
  let stopping = false;
  let stopped = false;
  let away = false;
  let lastFailureAt = 0;

  function failed(error: unknown): void {
    lastFailureAt = steadyClock.now();
    if (!away)
      deps.log.warn({ error: String(error) }, 'the inference queue cannot be reached; what runs goes on');
    away = true;
  }

  async function writeEnded(): Promise<void> {
    const ended = held.takeEnded();
    if (ended.length === 0) return;
    try {
      await endAttempts(parts, ended);
    } catch (error) {
      held.keepEnded(ended);
      throw error;
    }
    held.written(ended);
  }

  async function claim(lane: VersionLane): Promise<void> {
    const { versionId, pairs, slots, prefetch } = lane;
    const claimed = await claimRequests(parts, { versionId, pairs, slots, prefetch, held: lane.held });
    lane.permits = claimed.permits;
    lane.more = claimed.more;
    held.add(lane, claimed.requests);
  }

  /** Looks at everything that waits. */
  async function look(): Promise<void> {
    const { models } = deps.policy();
    looking = false;
    const begunAt = steadyClock.now();
    const pairs = await selectWaitingPairs(deps.database);
    lookedAt = steadyClock.now();
    pauseMs = Math.max(shortestPauseMs, (lookedAt - begunAt) * pausesToLook);
    const { versions, absent } = groupWaiting(pairs, models);
    for (const lane of held.lanes) lane.more = false;
    const steps = versions.map((version) => ({ of: version.model.versionId, go: () => lookAt(version) }));
    const waitedFor = new Set(steps.map(({ of }) => of));
    for (const lane of held.lanes)
      if (lane.isShort && !waitedFor.has(lane.versionId))
        steps.push({ of: lane.versionId, go: () => claimSlots(lane) });
    steps.push({ of: 'absent', go: () => failAbsent(absent) });
    steps.sort((left, right) => Number(failing.has(left.of)) - Number(failing.has(right.of)));
    for (const { of, go } of steps) {
      failing.add(of);
      await go();
      failing.delete(of);
    }
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

  function slotsOf({ versionId }: VersionLane): number {
    const replicas = deps.policy().replicas.get(versionId) ?? [];
    return replicas.reduce((sum, replica) => sum + Math.max(1, replica.slots), 0);
  }

  async function failAbsent(absent: readonly WaitingPair[]): Promise<void> {
    for (const [model, pairs] of Map.groupBy(absent, (pair) => pair.model)) {
      const error = new SamovarError('model.not_found', { params: { model } });
      if (!(await failWaiting(deps, pairs, { error, waitedMs: timing.unknownMs }))) looking = true;
    }
  }

  /** Tells what somebody cancelled, and what has taken too long. */
  async function endUnwanted(): Promise<void> {
    checkingCancels = false;
    for (const request of held.overdue(deps.clock.now())) held.end(request, 'expire');
    const { open } = held;
    if (open.length === 0) return;
    const ids = open.map(({ id }) => id);
    const cancelled = new Set(await selectCancelRequested(deps.database, ids));
    for (const request of open) if (cancelled.has(request.id)) held.end(request, 'cancel');
  }

  async function turn(): Promise<void> {
    await writeEnded();
    if (checkingCancels) await endUnwanted();
    if (stopping) return;
    if (looking && sinceLook() >= pauseMs) await look();
    else for (const lane of held.lanes) if (lane.more && lane.wantsMore) await claim(lane);
    for (const lane of held.lanes) if (lane.stranded) held.giveBack(lane);
    // What is not needed here is given to the other processes.
    for (const lane of held.lanes)
      if (!lane.more && lane.held < lane.permits) {
        const needed = lane.held;
        await setPermits(deps.database, lease, lane.versionId, needed);
        lane.permits = needed;
      }
  }

  async function run(): Promise<void> {
    let backOffMs = firstBackOffMs;
    while (!stopped) {
      try {
        await turn();
        if (away) deps.log.info({}, 'the inference queue is reached again');
        away = false;
        backOffMs = firstBackOffMs;
        await wakeUp.wait(looking ? Math.max(1, pauseMs - sinceLook()) : timing.pollMs);
      } catch (error) {
        failed(error);
        looking = true;
        await wakeUp.wait(backOffMs);
        backOffMs = Math.min(backOffMs * 2, longestBackOffMs);
      }
    }
  }

  async function beat(): Promise<void> {
    if (beating) return;
    beating = true;
    try {
      const before = held.open;
      const renewed = await renewRows(deps.database, lease, held.ids);
      for (const request of before) if (!renewed.has(request.id)) held.end(request, 'lost');
      // Right after an outage every lease looks old: their processes get the time to renew them.
      if (steadyClock.now() - lastFailureAt < timing.heartbeatMs * 2) return;
      if (!stopping && (await takeBackLost(deps)) > 0) lookAgain();
    } catch (error) {
      failed(error);
    } finally {
      beating = false;
    }
  }

  function sinceLook(): number {
    return steadyClock.now() - lookedAt;
  }

  function lookAgain(): void {
    looking = true;
    wakeUp.wake();
  }

  const unsubscribe = [
    deps.notifications.subscribe(queueChannel, lookAgain),
    deps.notifications.subscribe(operationChannel, (payload) => {
      const changed = changedIds(payload);
      const open = new Set(held.open.map(({ id }) => id));
      if (changed !== null && !changed.some((id) => open.has(id))) return;
      checkingCancels = true;
      wakeUp.wake();
    }),
  ];
  deps.onPolicyChange(lookAgain);
  const pollTimer = setInterval(() => {
    looking = true;
    checkingCancels = true;
  }, timing.pollMs);
  const beatTimer = setInterval(() => void beat(), timing.heartbeatMs);
  void beat();
  const running = run();

  async function allEnded(limitMs: number): Promise<void> {
    const until = steadyClock.now() + limitMs;
    while (held.running > 0 && steadyClock.now() < until)
      await new Promise((resolve) => setTimeout(resolve, Math.min(50, limitMs)));
  }

  async function stop(graceMs: number): Promise<void> {
    stopping = true;
    held.stopStarting();
    await allEnded(graceMs);
    held.endRunning();
    const until = steadyClock.now() + lastWriteMs;
    while (held.ids.length > 0 && steadyClock.now() < until) {
      wakeUp.wake();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    stopped = true;
    clearInterval(pollTimer);
    clearInterval(beatTimer);
    for (const end of unsubscribe) end();
    wakeUp.wake();
    await running;
    if (held.ids.length > 0)
      deps.log.warn(
        { requests: held.ids.length },
        'requests are left to others when their lease has run out',
      );
    await deletePermits(deps.database, owner).catch(failed);
    await held.close();
  }

  let stopCall: Promise<void> | null = null;
  return {
    stop(graceMs) {
      stopCall ??= stop(graceMs);
      return stopCall;
    },
  };
}
