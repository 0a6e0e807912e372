import type { ErrorCode } from '@samovar/contract/errors';
import type { Clock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { RemoteTarget, Replica } from '../serving/index.ts';

/** A replica of a foreign engine. */
export type RemoteReplica = Replica & { readonly remote: RemoteTarget };

export function isRemote(replica: Replica): replica is RemoteReplica {
  return replica.remote !== undefined;
}

/**
 * Failures in a row after which a replica gets nothing for a while: three of an engine that is not there, ten of one that
 * fails requests, as a few requests of one caller may be what it fails at.
 */
const pointsToOpen = 30;
const pointsOfAbsence = 10;
const pointsOfFailure = 3;
const firstPauseMs = 1000;
const longestPauseMs = 30_000;
/** What was not blamed for so long is forgotten: engines come and go while a process runs for months. */
const forgottenAfterMs = 10 * 60_000;
/** How often those that wait are looked at. */
const checkMs = 250;

/** `full`: its engine has as many requests as it may get; `resting`: it asked for a pause; `broken`: it fails. */
export type GateState = 'open' | 'full' | 'resting' | 'broken';

export interface PlaceWaiter {
  /** Tries to go on; true when it found a place. */
  retry(): boolean;
  fail(error: SamovarError): void;
}

/** What foreign engines are spared, and what callers are spared of them; known to this process alone. */
export interface EngineGates {
  state(replica: RemoteReplica): GateState;
  begin(replica: RemoteReplica): void;
  end(replica: RemoteReplica): void;
  /** Its answer has begun: others need not wait for the end of the one request that tries whether it is well again. */
  heard(replica: RemoteReplica): void;
  /** It gave an answer, were it a refusal. */
  answered(replica: RemoteReplica): void;
  /** It was not there, or would not talk to us. */
  absent(replica: RemoteReplica): void;
  /** It failed at a request. */
  failed(replica: RemoteReplica): void;
  /** It asks to be left alone for so long. */
  rest(replica: RemoteReplica, seconds: number): void;
  /** Waits until one of these that are full has a place; `null` when none is full, or too many wait. */
  wait(replicas: readonly RemoteReplica[], waiter: PlaceWaiter): (() => void) | null;
  /** Why none of these takes a request now. */
  refusal(model: string, replicas: readonly RemoteReplica[]): SamovarError;
  readonly waiting: number;
  /** Engines of which something bad is remembered. */
  readonly remembered: number;
}

interface Gate {
  running: number;
  readonly waiting: { readonly waiter: PlaceWaiter; readonly untilMs: number }[];
}

interface Breaker {
  points: number;
  /** How often it was found failing since it was well. */
  pauses: number;
  openUntilMs: number;
  restUntilMs: number;
  blamedAtMs: number;
  /** One request tries whether it is well again. */
  trial: boolean;
}

export function createEngineGates(clock: Clock): EngineGates {
  const gates = new Map<string, Gate>();
  const breakers = new Map<string, Breaker>();
  let timer: NodeJS.Timeout | null = null;

  function gateOf({ engineId }: RemoteTarget): Gate {
    let gate = gates.get(engineId);
    if (!gate) {
      gate = { running: 0, waiting: [] };
      gates.set(engineId, gate);
    }
    return gate;
  }

  function breakerOf({ workerId }: Replica): Breaker {
    const now = clock.now();
    let breaker = breakers.get(workerId);
    if (!breaker) {
      forgetOld(now);
      breaker = { points: 0, pauses: 0, openUntilMs: 0, restUntilMs: 0, blamedAtMs: now, trial: false };
      breakers.set(workerId, breaker);
    }
    breaker.blamedAtMs = now;
    return breaker;
  }

  function forgetOld(now: number): void {
    for (const [workerId, { blamedAtMs, trial }] of breakers)
      if (!trial && now - blamedAtMs > forgottenAfterMs) breakers.delete(workerId);
  }

  function state(replica: RemoteReplica): GateState {
    const breaker = breakers.get(replica.workerId);
    if (breaker) {
      const now = clock.now();
      if (breaker.openUntilMs > now || breaker.trial) return 'broken';
      if (breaker.restUntilMs > now) return 'resting';
    }
    const gate = gates.get(replica.remote.engineId);
    return gate && gate.running >= replica.remote.parallelRequests ? 'full' : 'open';
  }

  function blame(replica: RemoteReplica, points: number): void {
    const breaker = breakerOf(replica);
    breaker.points += points;
    breaker.trial = false;
    if (breaker.points < pointsToOpen) return;
    const pauseMs = firstPauseMs * 2 ** breaker.pauses;
    breaker.pauses += 1;
    breaker.openUntilMs = clock.now() + Math.min(longestPauseMs, pauseMs);
  }

  function check(): void {
    const now = clock.now();
    let left = 0;
    for (const gate of gates.values()) {
      for (const entry of gate.waiting.filter(({ untilMs }) => untilMs <= now)) {
        gate.waiting.splice(gate.waiting.indexOf(entry), 1);
        entry.waiter.fail(new SamovarError('engine.busy', { retryAfterSeconds: 1 }));
      }
      left += gate.waiting.length;
    }
    if (left > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }

  /** Lets those in line try while there are places; one may find its place at another engine. */
  function admit(gate: Gate, limit: number): void {
    while (gate.running < limit) {
      const entry = gate.waiting.shift();
      if (entry === undefined) return;
      if (!entry.waiter.retry()) entry.waiter.fail(new SamovarError('engine.busy', { retryAfterSeconds: 1 }));
    }
  }

  return {
    state,
    begin(replica) {
      gateOf(replica.remote).running += 1;
      const breaker = breakers.get(replica.workerId);
      if (breaker && breaker.points >= pointsToOpen) breaker.trial = true;
    },
    end(replica) {
      const gate = gateOf(replica.remote);
      gate.running -= 1;
      const breaker = breakers.get(replica.workerId);
      if (breaker) breaker.trial = false;
      admit(gate, replica.remote.parallelRequests);
      if (gate.running === 0 && gate.waiting.length === 0) gates.delete(replica.remote.engineId);
    },
    heard({ workerId }) {
      const breaker = breakers.get(workerId);
      if (breaker) breaker.trial = false;
    },
    answered({ workerId }) {
      const breaker = breakers.get(workerId);
      if (breaker && breaker.restUntilMs <= clock.now()) breakers.delete(workerId);
      else if (breaker) breaker.points = 0;
    },
    absent: (replica) => blame(replica, pointsOfAbsence),
    failed: (replica) => blame(replica, pointsOfFailure),
    rest(replica, seconds) {
      breakerOf(replica).restUntilMs = clock.now() + Math.min(longestPauseMs, seconds * 1000);
    },
    wait(replicas, waiter) {
      const full = replicas.filter((replica) => state(replica) === 'full');
      const [target] = full.sort(
        (left, right) => gateOf(left.remote).waiting.length - gateOf(right.remote).waiting.length,
      );
      if (!target) return null;
      const gate = gateOf(target.remote);
      if (gate.waiting.length >= target.remote.queuedRequests) return null;
      const entry = { waiter, untilMs: clock.now() + target.remote.endpoint.timeouts.firstByteMs };
      gate.waiting.push(entry);
      timer ??= setInterval(check, checkMs);
      return () => {
        const place = gate.waiting.indexOf(entry);
        if (place !== -1) gate.waiting.splice(place, 1);
      };
    },
    refusal(model, replicas) {
      const states = replicas.map((replica) => ({ replica, state: state(replica) }));
      const code: ErrorCode = states.some((one) => one.state === 'full' || one.state === 'resting')
        ? 'engine.busy'
        : 'engine.unreachable';
      const now = clock.now();
      const waits = states.map(({ replica }) => {
        const breaker = breakers.get(replica.workerId);
        return breaker ? Math.max(breaker.openUntilMs, breaker.restUntilMs) - now : 0;
      });
      const soonestMs = Math.max(1000, Math.min(longestPauseMs, ...waits));
      return new SamovarError(code, {
        params: { model },
        retryAfterSeconds: Math.ceil(soonestMs / 1000),
      });
    },
    get remembered() {
      return breakers.size;
    },
    get waiting() {
      let sum = 0;
      for (const gate of gates.values()) sum += gate.waiting.length;
      return sum;
    },
  };
}
