import type { ImportPhase } from './import-progress.ts';
import type { ProgressUpdate } from './import-store.ts';

/** Rows are written at most this often. */
const intervalMs = 500;

export interface ProgressReporter {
  /** Bytes of one package so far, `totalBytes` being `null` while its size is unknown. */
  downloaded(source: string, bytes: number, totalBytes: number | null): void;
  enter(phase: ImportPhase): void;
  /** Writes what is new and ends; throws what an earlier write threw. */
  end(): Promise<void>;
}

/**
 * Sums up the packages of an import and hands the sums to `write`, one call at a time. A `write` that throws (the
 * import was taken over, PostgreSQL is away) calls `onFault`, so that the work stops too.
 */
export function createProgressReporter(
  write: (progress: ProgressUpdate) => Promise<void>,
  onFault: (fault: unknown) => void,
): ProgressReporter {
  const sources = new Map<string, { bytes: number; totalBytes: number | null }>();
  let phase: ImportPhase = 'downloading';
  let writing: Promise<void> | null = null;
  let fault: { readonly thrown: unknown } | null = null;
  let changed = false;
  const meter = createRateMeter();

  function snapshot(): ProgressUpdate {
    let downloadedBytes = 0;
    let totalBytes = 0;
    for (const source of sources.values()) {
      downloadedBytes += source.bytes;
      totalBytes += source.totalBytes ?? source.bytes;
    }
    return { phase, downloadedBytes, totalBytes, bytesPerSecond: meter.rate(downloadedBytes) };
  }

  function flush(): void {
    if (!changed || writing !== null || fault !== null) return;
    changed = false;
    writing = write(snapshot())
      .catch((thrown: unknown) => {
        fault = { thrown };
        onFault(thrown);
      })
      .finally(() => {
        writing = null;
      });
  }

  const timer = setInterval(flush, intervalMs);
  return {
    downloaded(source, bytes, totalBytes) {
      if (!sources.has(source)) meter.skip(bytes);
      sources.set(source, { bytes, totalBytes });
      changed = true;
    },
    enter(next) {
      phase = next;
      changed = true;
    },
    async end() {
      clearInterval(timer);
      await writing;
      flush();
      await writing;
      if (fault !== null) throw fault.thrown;
    },
  };
}

/** Bytes per second over the last few readings. */
function createRateMeter() {
  const readings: { at: number; bytes: number }[] = [];
  let skipped = 0;
  return {
    /** These were there already: fast, but not downloaded now. */
    skip(bytes: number): void {
      skipped += bytes;
    },
    rate(bytes: number): number {
      readings.push({ at: performance.now(), bytes: bytes - skipped });
      if (readings.length > 8) readings.shift();
      const [first] = readings;
      const last = readings.at(-1);
      if (!first || !last || last.at === first.at) return 0;
      return Math.max(0, Math.round(((last.bytes - first.bytes) * 1000) / (last.at - first.at)));
    },
  };
}
