import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import type { ByteRange } from './byte-source.ts';

/** What is known of an unfinished file; lies beside it, so that a later attempt goes on. */
export interface DownloadState {
  /** Which bytes these are: a later attempt goes on only with the same. */
  readonly identity: string;
  readonly totalBytes: number;
  readonly tag: string | null;
  readonly done: readonly ByteRange[];
  /** Seconds since 1970 when the machine started: what was written before a power cut may not be on the disk. */
  readonly bootedAt: number;
}

/** Reads a state; `null` when there is none that can be used. */
export async function readDownloadState(path: string): Promise<DownloadState | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  try {
    return stateOf(JSON.parse(text));
  } catch {
    // Not ours, or cut off by a power cut: the download begins anew.
    return null;
  }
}

function stateOf(value: Record<string, unknown>): DownloadState | null {
  const { identity, totalBytes, tag, done, bootedAt } = value;
  if (typeof identity !== 'string' || typeof totalBytes !== 'number' || typeof bootedAt !== 'number')
    return null;
  if (!Array.isArray(done) || (tag !== null && typeof tag !== 'string')) return null;
  const ranges = done.map(([start, end]: [number, number]) => ({ start, end }));
  const fits = ({ start, end }: ByteRange) => start >= 0 && start < end && end <= totalBytes;
  return ranges.every(fits) ? { identity, totalBytes, tag, done: ranges, bootedAt } : null;
}

export interface StateKeeper {
  /** The state has changed; it is written soon. */
  changed(): void;
  /** Writes the state as it is now; rejects when an earlier writing failed. */
  flush(): Promise<void>;
}

/** Writes a state at most every `everyMs`, replacing the file as a whole each time. */
export function keepDownloadState(path: string, state: () => DownloadState, everyMs: number): StateKeeper {
  let writing: Promise<void> | null = null;
  let writtenAt = 0;
  let failure: unknown = null;
  const write = async () => {
    const { done, ...rest } = state();
    const text = JSON.stringify({ ...rest, done: done.map(({ start, end }) => [start, end]) });
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
    writtenAt = performance.now();
  };
  return {
    changed() {
      if (writing !== null || performance.now() - writtenAt < everyMs) return;
      writing = write()
        .catch((error: unknown) => {
          failure ??= error;
        })
        .finally(() => {
          writing = null;
        });
    },
    async flush() {
      await writing;
      if (failure !== null) throw failure;
      await write();
    },
  };
}

export async function removeDownloadState(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(`${path}.new`, { force: true });
}

/** When this machine started, in seconds since 1970. */
export function bootedAt(): number {
  return Math.round(Date.now() / 1000 - uptime());
}
