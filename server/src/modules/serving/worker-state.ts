import { SamovarError } from '../../kernel/errors.ts';

/**
 * The life of a model worker on a host:
 * `on-disk` its files are being put in place, `starting` its process was started, `loading` it reads the weights,
 * `ready` it answers, `draining` it finishes what runs, `unloaded` it is gone as wanted, `failed` it is gone otherwise.
 */
export type WorkerState = 'on-disk' | 'starting' | 'loading' | 'ready' | 'draining' | 'unloaded' | 'failed';

/** What each state means, for people. */
export const workerStateMeanings: Readonly<Record<WorkerState, string>> = {
  'on-disk': 'chosen for a host; its files are being put in place there',
  starting: 'its process was started',
  loading: 'it reads the weights',
  ready: 'it answers',
  draining: 'it takes nothing new and finishes what runs',
  unloaded: 'not in memory; on demand, the next request loads it',
  failed: 'it is gone and was not told to; it is started again after a pause, or the reason tells why not',
};

/** `fail`: the process ended, hung or could not be started; `end`: it ended after `drain`; `retry`: back-off over. */
export type WorkerEvent = 'start' | 'load' | 'answer' | 'fail' | 'retry' | 'drain' | 'end';

/** The next state, `ignored` for an event that comes too late to matter, `refused` for one that cannot happen. */
type Outcome = WorkerState | 'ignored' | 'refused';

const table: Record<WorkerState, Record<WorkerEvent, Outcome>> = {
  'on-disk': {
    start: 'starting',
    load: 'refused',
    answer: 'refused',
    fail: 'failed',
    retry: 'refused',
    drain: 'draining',
    end: 'refused',
  },
  starting: {
    start: 'refused',
    load: 'loading',
    answer: 'ready',
    fail: 'failed',
    retry: 'refused',
    drain: 'draining',
    end: 'refused',
  },
  loading: {
    start: 'refused',
    load: 'ignored',
    answer: 'ready',
    fail: 'failed',
    retry: 'refused',
    drain: 'draining',
    end: 'refused',
  },
  ready: {
    start: 'refused',
    load: 'ignored',
    answer: 'ignored',
    fail: 'failed',
    retry: 'refused',
    drain: 'draining',
    end: 'refused',
  },
  draining: {
    start: 'refused',
    load: 'ignored',
    answer: 'ignored',
    fail: 'unloaded',
    retry: 'ignored',
    drain: 'ignored',
    end: 'unloaded',
  },
  unloaded: {
    start: 'refused',
    load: 'refused',
    answer: 'refused',
    fail: 'ignored',
    retry: 'ignored',
    drain: 'ignored',
    end: 'ignored',
  },
  failed: {
    start: 'refused',
    load: 'ignored',
    answer: 'ignored',
    fail: 'ignored',
    retry: 'on-disk',
    drain: 'draining',
    end: 'unloaded',
  },
};

/** The state after an event; the same one when the event changes nothing. Throws for one that cannot happen. */
export function nextWorkerState(state: WorkerState, event: WorkerEvent): WorkerState {
  const outcome = table[state][event];
  if (outcome === 'refused')
    throw new SamovarError('system.internal', {
      cause: new Error(`a model worker that is ${state} met ${event}`),
    });
  return outcome === 'ignored' ? state : outcome;
}

/** States in which a worker holds memory of its host. */
export function isInMemory(state: WorkerState): boolean {
  return state !== 'unloaded' && state !== 'failed';
}
