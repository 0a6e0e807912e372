import { SamovarError } from '../../kernel/errors.ts';
import { type AttemptOutcome, outcomeOfEnding, outcomeOfError } from './attempt-outcome.ts';
import {
  type BackgroundInference,
  createBackgroundInference,
  type RunResult,
} from './background-inference.ts';
import type { ClaimedRequest } from './claimed-request.ts';
import type { DispatcherDependencies } from './dispatcher-dependencies.ts';
import type { EndedAttempt } from './end-attempts.ts';
import { unusedRecord } from './unused-record.ts';
import { VersionLane } from './version-lane.ts';

/** Why a request is ended by this process; `lost`: another process has it by now. */
type Ending = 'cancel' | 'expire' | 'lost';

interface Held {
  readonly request: ClaimedRequest;
  readonly lane: VersionLane;
  ending: Ending | null;
  /** Its outcome waits to be written. */
  over: boolean;
}

/** Everything that this process has claimed, from the claim until its end is written. */
export interface HeldRequests {
  lane(versionId: string): VersionLane;
  readonly lanes: Iterable<VersionLane>;
  /** Takes claimed requests in and begins what may run. */
  add(lane: VersionLane, requests: readonly ClaimedRequest[]): void;
  /** Begins what may run by the permits of now. */
  pump(lane: VersionLane): void;
  /** Ids under a lease. */
  readonly ids: readonly string[];
  /** Those that have neither ended nor been told to. */
  readonly open: readonly ClaimedRequest[];
  /** Those of them whose time is over. */
  overdue(now: number): readonly ClaimedRequest[];
  /** Does nothing when it is not held any more, or held by another claim. */
  end(request: ClaimedRequest, why: Ending): void;
  /** Outcomes that are not written yet. They stay held until `written`. */
  takeEnded(): EndedAttempt[];
  /** They could not be written: next time again. */
  keepEnded(ended: readonly EndedAttempt[]): void;
  written(ended: readonly EndedAttempt[]): void;
  /** Begins nothing more, and gives back what has not begun. */
  stopStarting(): void;
  /** Gives back what has not begun of one version. */
  giveBack(lane: VersionLane): void;
  /** Ends what runs; it goes back into the queue. */
  endRunning(): void;
  readonly running: number;
  close(): Promise<void>;
}

/** `changed` is called when an outcome waits to be written. */
export function createHeldRequests(
  deps: DispatcherDependencies,
  backOffMs: number,
  changed: () => void,
): HeldRequests {
  const inference: BackgroundInference = createBackgroundInference(deps);
  const held = new Map<string, Held>();
  const lanes = new Map<string, VersionLane>();
  let ended: EndedAttempt[] = [];
  let starting = true;

  function finish(one: Held, outcome: AttemptOutcome): void {
    const { id, attempt } = one.request;
    one.over = true;
    if (one.ending !== 'lost') ended.push({ id, attempt, outcome });
    else if (held.get(id) === one) held.delete(id);
    changed();
  }

  function outcomeOf(one: Held, result: RunResult): AttemptOutcome {
    const { record } = result;
    if (result.kind === 'answered') return { kind: 'succeed', response: { ...result.result }, record };
    if (one.ending === 'cancel' || one.ending === 'expire') return outcomeOfEnding(one.ending, record);
    const error = result.kind === 'failed' ? result.error : new SamovarError('system.draining');
    return outcomeOfError(error, { failures: one.request.failures, backOffMs, record });
  }

  function start(one: Held): void {
    const { request, lane } = one;
    lane.running.add(request);
    inference.start(request, (result) => {
      lane.running.delete(request);
      finish(one, outcomeOf(one, result));
      pump(lane);
    });
  }

  function pump(lane: VersionLane): void {
    while (starting) {
      const request = lane.next();
      const one = request && held.get(request.id);
      if (!one) return;
      start(one);
    }
  }

  function end(request: ClaimedRequest, why: Ending): void {
    const one = held.get(request.id);
    if (one?.request !== request || one.over || (one.ending !== null && why !== 'lost')) return;
    one.ending = why;
    if (!one.lane.remove(request)) {
      inference.cancel(request);
      return;
    }
    const kind = why === 'lost' ? 'cancel' : why;
    const error = new SamovarError(kind === 'cancel' ? 'operation.cancelled' : 'operation.expired');
    finish(one, outcomeOfEnding(kind, unusedRecord(request, error, deps.clock)));
  }

  function giveBack(lane: VersionLane): void {
    for (const { id } of lane.empty()) {
      const one = held.get(id);
      if (one) finish(one, { kind: 'release', pauseMs: 0, failed: false });
    }
  }

  function openRequests(): ClaimedRequest[] {
    return [...held.values()]
      .filter(({ over, ending }) => !over && ending === null)
      .map(({ request }) => request);
  }

  return {
    lane(versionId) {
      const lane = lanes.get(versionId) ?? new VersionLane(versionId);
      lanes.set(versionId, lane);
      return lane;
    },
    get lanes() {
      return lanes.values();
    },
    add(lane, requests) {
      for (const request of requests) {
        // It was lost and has come back here: its former attempt is void.
        const former = held.get(request.id);
        if (former) end(former.request, 'lost');
        held.set(request.id, { request, lane, ending: null, over: false });
      }
      lane.add(requests);
      pump(lane);
    },
    pump,
    get ids() {
      return [...held.keys()];
    },
    get open() {
      return openRequests();
    },
    overdue: (now) => openRequests().filter(({ expiresAt }) => expiresAt.getTime() <= now),
    end,
    takeEnded() {
      const taken = ended;
      ended = [];
      return taken;
    },
    keepEnded(again) {
      ended = [...again, ...ended];
    },
    written(all) {
      for (const { id, attempt } of all) if (held.get(id)?.request.attempt === attempt) held.delete(id);
    },
    stopStarting() {
      starting = false;
      for (const lane of lanes.values()) giveBack(lane);
    },
    giveBack,
    endRunning: () => inference.endAll(new SamovarError('system.draining')),
    get running() {
      return [...held.values()].filter(({ over }) => !over).length;
    },
    close: () => inference.close(),
  };
}
