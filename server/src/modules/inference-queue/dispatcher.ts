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
import { groupWaiting } from './group-waiting.ts';
import { createHeldRequests } from './held-requests.ts';
import { deletePermits, renewRows, selectWaitingPairs, setPermits } from './lease-store.ts';
import { queueChannel } from './queue-store.ts';
import { takeBackLost } from './take-back-lost.ts';
import type { VersionLane } from './version-lane.ts';

const firstBackOffMs = 250;
const longestBackOffMs = 2_000;
/** What the end of a stop may take beyond its grace: writing down what was ended. */
const lastWriteMs = 3_000;
/** When many requests are accepted, not each of them is looked for at once. */
const shortestLookMs = 50;

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
  let checkingCancels = true;
  let beating = false;
  let stopping = false;
  let stopped = false;
  let away = false;
  let lastFailureAt = 0;

  function failed(error: unknown): void {
    lastFailureAt = deps.clock.now();
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
    if (claimed.permits === 0 && lane.running.size === 0) held.giveBack(lane);
    held.add(lane, claimed.requests);
  }

  /** Looks at everything that waits. */
  async function look(): Promise<void> {
    const { models, replicas } = deps.policy();
    looking = false;
    lookedAt = deps.clock.now();
    const { versions, absent } = groupWaiting(await selectWaitingPairs(deps.database), models);
    for (const lane of held.lanes) lane.more = false;
    for (const { model, pairs } of versions) {
      const slots = (replicas.get(model.versionId) ?? []).reduce(
        (sum, replica) => sum + Math.max(1, replica.slots),
        0,
      );
      const lane = held.lane(model.versionId);
      lane.pairs = pairs;
      lane.slots = slots;
      if (slots === 0) {
        await coldModels.wake(model, pairs);
        continue;
      }
      coldModels.forget(model.versionId);
      await claim(lane);
    }
    for (const pair of absent)
      await failWaiting(deps, [pair], new SamovarError('model.not_found', { params: { model: pair.model } }));
  }

  /** Tells what somebody cancelled, and what has taken too long. */
  async function endUnwanted(): Promise<void> {
    checkingCancels = false;
    for (const id of held.overdue(deps.clock.now())) held.end(id, 'expire');
    const { open } = held;
    if (open.length === 0) return;
    for (const id of await selectCancelRequested(deps.database, open)) held.end(id, 'cancel');
  }

  async function turn(): Promise<void> {
    await writeEnded();
    if (checkingCancels) await endUnwanted();
    if (stopping) return;
    if (looking && sinceLook() >= shortestLookMs) await look();
    else for (const lane of held.lanes) if (lane.more && lane.wantsMore) await claim(lane);
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
        await wakeUp.wait(looking ? Math.max(1, shortestLookMs - sinceLook()) : timing.pollMs);
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
      for (const id of before) if (!renewed.has(id)) held.end(id, 'lost');
      // Right after an outage every lease looks old: their processes get the time to renew them.
      if (deps.clock.now() - lastFailureAt < timing.heartbeatMs * 2) return;
      if (!stopping && (await takeBackLost(deps)) > 0) lookAgain();
    } catch (error) {
      failed(error);
    } finally {
      beating = false;
    }
  }

  function sinceLook(): number {
    return deps.clock.now() - lookedAt;
  }

  function lookAgain(): void {
    looking = true;
    wakeUp.wake();
  }

  const unsubscribe = [
    deps.notifications.subscribe(queueChannel, lookAgain),
    deps.notifications.subscribe(operationChannel, (payload) => {
      const changed = changedIds(payload);
      const open = new Set(held.open);
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
    const until = deps.clock.now() + limitMs;
    while (held.running > 0 && deps.clock.now() < until)
      await new Promise((resolve) => setTimeout(resolve, Math.min(50, limitMs)));
  }

  async function stop(graceMs: number): Promise<void> {
    stopping = true;
    held.stopStarting();
    await allEnded(graceMs);
    held.endRunning();
    const until = deps.clock.now() + lastWriteMs;
    while (held.ids.length > 0 && deps.clock.now() < until) {
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
