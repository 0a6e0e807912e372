/**
 * How far a wish for a model is: what its source means is found out, its terms wait for somebody, its files are fetched,
 * looked into (which may tell of terms, too), made into what an engine can run, and put into the object store.
 */
export type ImportState =
  | 'resolving'
  | 'waiting-for-license'
  | 'downloading'
  | 'inspecting'
  | 'converting'
  | 'storing'
  | 'ready'
  | 'failed'
  | 'cancelled';

export type ImportEvent =
  | 'resolved'
  /** The source says that its terms must be accepted. */
  | 'terms-shown'
  /** The files say so. */
  | 'terms-found'
  /** Before anything was fetched. */
  | 'license-accepted'
  /** Of files that are here. */
  | 'found-license-accepted'
  | 'fetched'
  | 'inspected'
  | 'conversion-needed'
  | 'converted'
  | 'stored'
  /** The folder with the files is not there: another machine goes on. */
  | 'files-lost'
  | 'gave-up'
  | 'cancelled'
  | 'retried';

type Row = Partial<Record<ImportEvent, ImportState>>;

const always: Row = { 'gave-up': 'failed', cancelled: 'cancelled' };

/** The next state; absent: the event has no place in this state and is refused. */
const transitions: Record<ImportState, Row> = {
  resolving: { ...always, resolved: 'downloading', 'terms-shown': 'waiting-for-license' },
  'waiting-for-license': {
    ...always,
    'license-accepted': 'downloading',
    'found-license-accepted': 'inspecting',
  },
  downloading: { ...always, fetched: 'inspecting' },
  inspecting: {
    ...always,
    inspected: 'storing',
    'terms-found': 'waiting-for-license',
    'conversion-needed': 'converting',
    'files-lost': 'downloading',
  },
  converting: { ...always, converted: 'storing', 'files-lost': 'downloading' },
  storing: { ...always, stored: 'ready', 'files-lost': 'downloading' },
  ready: {},
  failed: { retried: 'resolving', cancelled: 'cancelled' },
  cancelled: {},
};

export const importStates = Object.keys(transitions) as readonly ImportState[];

export function nextImportState(state: ImportState, event: ImportEvent): ImportState | null {
  return transitions[state][event] ?? null;
}

/** Nothing more happens by itself. */
export function hasImportEnded(state: ImportState): boolean {
  return state === 'ready' || state === 'failed' || state === 'cancelled';
}
