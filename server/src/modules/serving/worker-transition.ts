import type { WorkerState } from './worker-state.ts';

/** A change of a worker's state, and why. */
export interface WorkerTransition {
  readonly at: Date;
  readonly from: WorkerState;
  readonly to: WorkerState;
  /** For everybody. */
  readonly reason: string;
  /** For those who manage models. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What happened and is not written down yet: several changes may lie between two passes of the host. */
export interface TransitionLog {
  readonly pending: readonly WorkerTransition[];
  add(transition: WorkerTransition): void;
  /** All up to this one are written. */
  written(last: WorkerTransition): void;
}

/** While the database is away a worker that fails again and again adds no more than this; the oldest go. */
const mostPending = 200;

export function createTransitionLog(): TransitionLog {
  let pending: readonly WorkerTransition[] = [];
  return {
    get pending() {
      return pending;
    },
    add(transition) {
      pending = [...pending, transition].slice(-mostPending);
    },
    written(last) {
      pending = pending.slice(pending.indexOf(last) + 1);
    },
  };
}
