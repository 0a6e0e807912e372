import { type PatienceLimits, usualPatience } from '../patience.ts';

export interface DownloadLimits {
  /** Connections that carry one file at a time. */
  readonly connections: number;
  /** Bytes of one request: a part of a file of this size. */
  partBytes(totalBytes: number): number;
  /** A connection that carries nothing for so long is given up. */
  readonly silenceMs: number;
  /** How often what is there is noted, so that a killed process loses little. */
  readonly noteEveryMs: number;
  readonly patience: PatienceLimits;
}

const mebibyte = 1024 * 1024;

/** Large parts cost few round trips; they stay small enough that the digest follows close behind. */
export const usualLimits: DownloadLimits = {
  connections: 4,
  partBytes: (totalBytes) =>
    Math.min(64 * mebibyte, Math.max(8 * mebibyte, Math.ceil(totalBytes / 64 / mebibyte) * mebibyte)),
  silenceMs: 30_000,
  noteEveryMs: 200,
  patience: usualPatience,
};
