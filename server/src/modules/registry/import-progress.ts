export type ImportPhase = 'waiting' | 'downloading' | 'storing' | 'done' | 'failed';

/** How an import goes on, as it is shown. */
export interface ImportProgress {
  readonly phase: ImportPhase;
  readonly downloadedBytes: number;
  /** 0 while not known. */
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  /** How often it was started. */
  readonly attempt: number;
  /** Why the last attempt failed; `null` when it did not. */
  readonly error: string | null;
  readonly remedy: string | null;
  readonly updatedAt: Date;
}
