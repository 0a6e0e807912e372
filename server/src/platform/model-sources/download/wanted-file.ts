import type { DownloadLimits } from './download-limits.ts';
import type { Gate } from './gate.ts';

/** The file that is wanted. */
export interface WantedFile {
  /** As errors name it. */
  readonly path: string;
  /** The source as errors name it. */
  readonly uri: string;
  readonly sizeBytes: number | null;
  readonly sha256: string | null;
  /** Where there is no digest: what the source called these bytes when it was asked. */
  readonly tag: string | null;
}

/** What all downloads of a process share. */
export interface Downloader {
  readonly limits: DownloadLimits;
  readonly write: Gate;
}
