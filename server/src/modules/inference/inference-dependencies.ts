import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { NewerPolicy } from '../../kernel/ports/newer-policy.ts';
import type { RemoteTransport } from '../../kernel/ports/remote-transport.ts';
import type { WorkerTransport } from '../../kernel/ports/worker-transport.ts';
import type { KeyLimits } from '../iam/index.ts';
import type { ModelSnapshot, ServedModel } from '../registry/index.ts';
import type { ReplicaSnapshot } from '../serving/index.ts';
import type { KeyLimiter, UsageMeter } from '../usage/index.ts';
import type { Endpoint } from './inference-request.ts';

/** What a request is decided by: an immutable snapshot, replaced as a whole. */
export interface InferencePolicy {
  readonly models: ModelSnapshot;
  readonly replicas: ReplicaSnapshot;
  /** Limits by key id. */
  readonly limits: ReadonlyMap<string, KeyLimits>;
}

/** How far the loading of a version is. */
export interface LoadState {
  /** The last start failed, and this is why. */
  readonly failure: string | null;
  /** The failure lasts until somebody changes a model, so that nobody need wait for another start. */
  readonly isLasting?: boolean;
  /** Its place among those that wait for memory, from 1; absent while it does not wait for that. */
  readonly place?: number;
  /** When it may be loaded, as far as earlier loads tell. */
  readonly expectedSeconds?: number;
}

/** One finished request, as the telemetry counts it. */
export interface InferenceObservation {
  readonly endpoint: Endpoint;
  readonly model: string;
  readonly errorCode: string | null;
  readonly durationSeconds: number;
  readonly timeToFirstTokenSeconds: number | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The model that its alias chose, where a fallback was taken, and what went wrong there; else `null`. */
  readonly chosenModel: string | null;
  readonly chosenError: string | null;
}

export interface InferenceMetrics {
  observe(observation: InferenceObservation): void;
}

export interface InferenceDependencies {
  /** The snapshot of now. Throws `system.policy_stale` when it is too old to decide by. */
  policy(): InferencePolicy;
  /** Whether what the snapshot refuses is worth another look; nothing is, when absent. */
  readonly newerPolicy?: NewerPolicy;
  /** Calls the listener after each replacement of the snapshot. */
  onPolicyChange(listener: () => void): void;
  /** Asks the engine hosts for a worker of this version. */
  requestLoad(model: ServedModel): Promise<void>;
  loadState(model: ServedModel): Promise<LoadState>;
  /** Tells how many requests of this process wait for a version; people see the sum. */
  noteWaiting?(model: ServedModel, requests: number): Promise<void>;
  readonly transport: WorkerTransport;
  /** To foreign engines. */
  readonly remoteTransport: RemoteTransport;
  readonly limiter: KeyLimiter;
  readonly meter: UsageMeter;
  readonly metrics: InferenceMetrics;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: { readonly loadTimeoutSeconds: number };
  /** Sent to workers on TCP; `null` when all are on Unix sockets. */
  readonly workerToken: string | null;
}
