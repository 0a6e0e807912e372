import type { ModelManifest } from '@samovar/contract/worker-protocol';

/** The facts that the engine host needs to start one kind of engine; the rest is behind the worker's HTTP. */
export interface EngineDriver {
  readonly engine: ModelManifest['engine'];
  /** `pass-through` only for workers whose shapes pass the strict suite. */
  readonly lane: 'pass-through' | 'normalise';
  /** Part of the host's threads that one worker of this engine may take, from 0 to 1. */
  readonly threadShare: number;
  /** Environment variables of the process beside the start record. */
  readonly environment: Readonly<Record<string, string>>;
  /** Requests that may wait in the worker, given the sequences that it runs at a time. */
  queueLimit(parallelSequences: number): number;
  /** The program that a worker of this engine runs, where there is one; `null` when it is not on this machine. */
  program?(): Promise<string | null>;
  /** Why this engine cannot run on this machine, with what helps; `null` when it can. */
  unavailable(): Promise<string | null>;
}
