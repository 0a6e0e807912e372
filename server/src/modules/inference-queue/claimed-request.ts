import type { Endpoint, WorkerPath } from '../inference/index.ts';
import type { JsonObject } from '../operations/index.ts';
import type { ServedModel } from '../registry/index.ts';
import type { MeteredFacts } from './queue-store.ts';

/** A request that this process holds under a lease. */
export interface ClaimedRequest extends MeteredFacts {
  /** Fencing token of this claim. */
  readonly attempt: number;
  /** The version that its name meant when it was accepted; `null`: the name decides now. */
  readonly versionId: string | null;
  /** Attempts before this one that failed. */
  readonly failures: number;
  readonly endpoint: Endpoint;
  readonly workerPath: WorkerPath;
  readonly task: ServedModel['task'];
  readonly body: JsonObject;
  readonly expiresAt: Date;
}
