import { SamovarError } from '../../kernel/errors.ts';
import type { OperationEvent, OperationState } from './operation.ts';

/** The next state, `ignored` for an event that comes too late to matter, `refused` for one that cannot happen. */
type Outcome = OperationState | 'ignored' | 'refused';

const ended: Record<OperationEvent, Outcome> = {
  start: 'ignored',
  release: 'ignored',
  succeed: 'ignored',
  fail: 'ignored',
  cancel: 'ignored',
  expire: 'ignored',
};

/** `start` in `running`: the process that ran it is lost, and another takes it over with a new attempt. */
const table: Record<OperationState, Record<OperationEvent, Outcome>> = {
  created: {
    start: 'running',
    release: 'ignored',
    succeed: 'refused',
    fail: 'failed',
    cancel: 'cancelled',
    expire: 'expired',
  },
  running: {
    start: 'running',
    release: 'created',
    succeed: 'done',
    fail: 'failed',
    cancel: 'cancelled',
    expire: 'expired',
  },
  done: ended,
  failed: ended,
  cancelled: ended,
  expired: ended,
};

const states = Object.keys(table) as OperationState[];

/** The state after an event; the same one when the event changes nothing. Throws for one that cannot happen. */
export function nextOperationState(state: OperationState, event: OperationEvent): OperationState {
  const outcome = table[state][event];
  if (outcome === 'refused')
    throw new SamovarError('system.internal', {
      cause: new Error(`an operation that is ${state} met ${event}`),
    });
  return outcome === 'ignored' ? state : outcome;
}

/** What an event does to many rows at once: every row in one of the states `from` goes to `to`, no other changes. */
export interface Transition {
  readonly from: readonly OperationState[];
  readonly to: OperationState;
}

/** The table read by event. Each event leads to one state. */
export function transitionOf(event: OperationEvent): Transition {
  const from = states.filter(
    (state) => table[state][event] !== 'ignored' && table[state][event] !== 'refused',
  );
  const [first] = from;
  if (first === undefined)
    throw new SamovarError('system.internal', { cause: new Error(`nothing meets ${event}`) });
  return { from, to: nextOperationState(first, event) };
}

/** Whether nothing can happen to it any more. */
export function hasEnded(state: OperationState): boolean {
  return table[state] === ended;
}

/** The states in which something can still happen. */
export const openStates: readonly OperationState[] = states.filter((state) => !hasEnded(state));

/** The states in which nothing can happen any more. */
export const endedStates: readonly OperationState[] = states.filter(hasEnded);
