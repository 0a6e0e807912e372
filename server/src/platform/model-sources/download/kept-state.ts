import { stat } from 'node:fs/promises';
import { bootedAt, type DownloadState, readDownloadState } from './download-state.ts';
import type { WantedFile } from './wanted-file.ts';

/** Clocks are set while machines run: starts of one machine that lie so close are the same one. */
const sameBootSeconds = 5;

/** Which bytes a file holds, for going on with them later. */
export function identityOf(wanted: WantedFile): string {
  return wanted.sha256 === null ? `${wanted.uri} ${wanted.path}` : `sha256:${wanted.sha256}`;
}

/** What an earlier attempt left, when this one may go on with it; else `null`. */
export async function findKeptState(
  wanted: WantedFile,
  paths: { readonly partial: string; readonly state: string },
): Promise<DownloadState | null> {
  const state = await readDownloadState(paths.state);
  if (state === null || state.identity !== identityOf(wanted)) return null;
  if (wanted.sizeBytes !== null && state.totalBytes !== wanted.sizeBytes) return null;
  // A digest finds out in the end whether the parts belong together; without one they must surely do.
  if (wanted.sha256 === null && (state.tag === null || !isOfThisBoot(state))) return null;
  if (wanted.sha256 === null && wanted.tag !== null && state.tag !== wanted.tag) return null;
  const end = state.done.at(-1)?.end ?? 0;
  return ((await sizeOf(paths.partial)) ?? -1) >= end ? state : null;
}

function isOfThisBoot(state: DownloadState): boolean {
  return Math.abs(state.bootedAt - bootedAt()) <= sameBootSeconds;
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
