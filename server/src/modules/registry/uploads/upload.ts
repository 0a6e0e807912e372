import type { Scope } from '../../../kernel/principal.ts';

/** Bytes still come; all have come and are what was announced; all have come and are not. */
export type UploadState = 'receiving' | 'complete' | 'refused';

export type UploadEvent = 'completed' | 'digest-differed';

/** The next state; `null`: the event has no place in this state. */
const transitions: Record<UploadState, Record<UploadEvent, UploadState | null>> = {
  receiving: { completed: 'complete', 'digest-differed': 'refused' },
  complete: { completed: null, 'digest-differed': null },
  refused: { completed: null, 'digest-differed': null },
};

export function nextUploadState(state: UploadState, event: UploadEvent): UploadState | null {
  return transitions[state][event];
}

/** A file on its way to us. */
export interface Upload extends Scope {
  readonly id: string;
  /** The file's own name, without folders. */
  readonly name: string;
  readonly sizeBytes: number;
  /** As announced; `null` where nothing was. */
  readonly sha256: string | null;
  readonly receivedBytes: number;
  readonly state: UploadState;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** A file as it is announced. */
export interface NewUpload {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string | null;
}

/** One stretch of it, an object of its own. */
export interface UploadPart {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly objectKey: string;
}

/** Where the parts of an upload lie in the object store. */
export function uploadPrefix(uploadId: string): string {
  return `uploads/${uploadId}/`;
}
