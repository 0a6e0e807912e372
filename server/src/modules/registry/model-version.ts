/** How far a version is: its files are known, being fetched, all in the object store, or could not be fetched. */
export type VersionState = 'registered' | 'importing' | 'ready' | 'failed';

export type VersionEvent =
  | 'import-started'
  | 'import-finished'
  | 'import-failed'
  /** A file of it is not in the object store any more. */
  | 'files-lost';

/** Why a version could not be fetched, or is refused. */
export interface VersionFailure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly params: Readonly<Record<string, string | number>>;
  /** It is tried again by itself; else somebody has to do something. */
  readonly retried: boolean;
}

/** The next state; `null`: the event has no place in this state and is refused. */
const transitions: Record<VersionState, Record<VersionEvent, VersionState | null>> = {
  registered: {
    'import-started': 'importing',
    'import-finished': null,
    'import-failed': null,
    'files-lost': null,
  },
  // A later attempt takes over from one whose process was lost.
  importing: {
    'import-started': 'importing',
    'import-finished': 'ready',
    'import-failed': 'failed',
    'files-lost': null,
  },
  // Versions are immutable: once ready, always ready, unless somebody takes their files away.
  ready: { 'import-started': null, 'import-finished': null, 'import-failed': null, 'files-lost': 'failed' },
  failed: {
    'import-started': 'importing',
    'import-finished': null,
    'import-failed': null,
    'files-lost': null,
  },
};

export function nextVersionState(state: VersionState, event: VersionEvent): VersionState | null {
  return transitions[state][event];
}
