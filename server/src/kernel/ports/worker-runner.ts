import type { ProcessIdentity } from '@samovar/contract/data-folder';
import type { WorkerHealth, WorkerStart } from '@samovar/contract/worker-protocol';

/** How a model worker's process came to its end. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The end of what it wrote to standard error: the reason of a native crash is there and nowhere else. */
  readonly lastWords: string;
}

/** A started model worker. It may still be loading. */
export interface RunningWorker {
  readonly identity: ProcessIdentity;
  /** As the data path calls it: `unix:/path/to.sock` or `http://host:port`. */
  readonly address: string;
  /** Settles once, when the process has ended; never rejects. */
  readonly exited: Promise<WorkerExit>;
  /** Asks it how it is; throws when it does not answer in time. */
  health(): Promise<WorkerHealth>;
  /** Asks it to take nothing new, to finish what runs within the time, and to end. */
  drain(graceMs: number): void;
  /** Ends it at once. */
  kill(): void;
}

/** What to start: the start record without what the runner itself decides, and the engine's environment. */
export interface WorkerSpec {
  readonly start: Omit<WorkerStart, 'listen' | 'workerToken'>;
  readonly environment: Readonly<Record<string, string>>;
}

/** Runs model workers as processes of this machine. */
export interface WorkerRunner {
  /** `hear` is told each line that the worker writes, on either of its outputs. */
  start(spec: WorkerSpec, hear?: (line: string) => void): Promise<RunningWorker>;
  /** Ends a worker that an earlier host left behind; does nothing when the process is no longer the same one. */
  endOrphan(identity: ProcessIdentity): Promise<void>;
}

/** Where a version's file lies in the object store. */
export interface StoredFile {
  readonly name: string;
  readonly objectKey: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Puts a version's files on this machine. */
export interface FilePlacer {
  /**
   * Absolute paths by file name. `inUse`: files of the other workers of this machine, which stay. Throws
   * `setup.disk_full`, or `model.file_damaged` when a size or digest does not fit.
   */
  place(
    files: readonly StoredFile[],
    inUse: readonly StoredFile[],
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>>;
}
