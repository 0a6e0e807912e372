import type { FileProgress, RequestProgress } from './import-request.ts';

/** Rows are written at most this often. */
const intervalMs = 500;
const readingsKept = 8;

export interface FileMeter {
  /** Bytes of a file that are here now. */
  set(path: string, doneBytes: number): void;
  /** Ends, after a last write; throws what an earlier write threw. */
  end(): Promise<void>;
}

/**
 * Sums up the files of an import and hands the sums to `write`, one call at a time. A `write` that throws calls
 * `onFault`, so that the work stops too.
 */
export function createFileMeter(
  files: readonly { readonly path: string; readonly sizeBytes: number | null }[],
  write: (progress: RequestProgress) => Promise<void>,
  onFault: (fault: unknown) => void,
): FileMeter {
  const done = new Map<string, number>();
  const readings: { readonly at: number; readonly bytes: number }[] = [];
  /** What was there before: fast, but not fetched now. */
  let skipped = 0;
  let changed = true;
  let writing: Promise<void> | null = null;
  let fault: { readonly thrown: unknown } | null = null;

  function progress(): RequestProgress {
    const shown: FileProgress[] = files.map(({ path, sizeBytes }) => ({
      path,
      sizeBytes,
      doneBytes: done.get(path) ?? 0,
    }));
    const doneBytes = shown.reduce((sum, file) => sum + file.doneBytes, 0);
    const totalBytes = shown.reduce((sum, file) => sum + (file.sizeBytes ?? file.doneBytes), 0);
    return { doneBytes, totalBytes, bytesPerSecond: rate(doneBytes - skipped), files: shown };
  }

  function rate(bytes: number): number {
    readings.push({ at: performance.now(), bytes });
    if (readings.length > readingsKept) readings.shift();
    const [first] = readings;
    const last = readings.at(-1);
    if (!first || !last || last.at === first.at) return 0;
    return Math.max(0, Math.round(((last.bytes - first.bytes) * 1000) / (last.at - first.at)));
  }

  function flush(): void {
    if (!changed || writing !== null || fault !== null) return;
    changed = false;
    writing = write(progress())
      .catch((thrown: unknown) => {
        fault = { thrown };
        onFault(thrown);
      })
      .finally(() => {
        writing = null;
      });
  }

  flush();
  const timer = setInterval(() => {
    // Also without news: whoever lost the import learns of it here.
    changed = true;
    flush();
  }, intervalMs);
  return {
    set(path, doneBytes) {
      if (!done.has(path)) skipped += doneBytes;
      done.set(path, doneBytes);
      changed = true;
    },
    async end() {
      clearInterval(timer);
      await writing;
      changed = true;
      flush();
      await writing;
      if (fault !== null) throw fault.thrown;
    },
  };
}
