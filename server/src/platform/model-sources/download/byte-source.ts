import type { ByteBody } from './byte-body.ts';

/** Bytes from `start` on, up to but without `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface OpenedBytes {
  /** Whether `body` is the range that was asked for; else it is the whole from the beginning. */
  readonly ranged: boolean;
  /** Of the whole file; `null` when the other side does not tell. */
  readonly totalBytes: number | null;
  /** The other side's mark of exactly these bytes (a strong ETag). */
  readonly tag: string | null;
  readonly body: ByteBody;
}

/** One file somewhere else, of which any part may be asked for. */
export interface ByteSource {
  /** Rejects with a `PassingFault` (or an error of the connection) where another try makes sense. */
  open(range: ByteRange, signal: AbortSignal): Promise<OpenedBytes>;
  /** Ends connections that were kept for further parts. */
  close?(): void;
}
