import type { WorkerOption } from '@samovar/contract/engine-capabilities';
import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { Scope } from '../../kernel/principal.ts';
import type { WorkerState } from './worker-state.ts';

/** `always` keeps a version loaded, `on-demand` loads it when called and unloads it when idle, `stopped` never loads. */
export type Residency = 'always' | 'on-demand' | 'stopped';

/** What an operator sets for one deployment; what is absent comes from the settings and the manifest. */
export interface DeploymentOptions {
  readonly parallelSequences?: number;
  readonly contextTokens?: number;
  readonly threads?: number;
  /** Precision of the cache of keys and values; the engine's own (`f16`) when absent. */
  readonly kvCache?: KvCachePrecision;
  /** Instead of the manifest's. */
  readonly engine?: Engine;
  /** Of an adapter: the version that it runs on, in place of the one found by lineage. */
  readonly base?: string;
}

export type KvCachePrecision = 'f16' | 'q8_0';

export type Engine = ModelManifest['engine'];

/** The options that the engine, not the platform, honours. */
export const workerOptions: readonly WorkerOption[] = [
  'contextTokens',
  'parallelSequences',
  'threads',
  'kvCache',
];

/**
 * The engines that can run a model with this manifest: both of llama.cpp read the same files, but one of them alone
 * computes embeddings.
 */
export function enginesFor({ engine, task }: Pick<ModelManifest, 'engine' | 'task'>): readonly Engine[] {
  if (engine === 'onnx' || engine === 'remote') return [engine];
  return task === 'embedding' ? ['llama-cpp'] : ['llama-cpp', 'llama-server'];
}

/** A version on compute, as it is wanted. */
export interface Deployment extends Scope {
  readonly id: string;
  readonly versionId: string;
  readonly modelName: string;
  readonly desired: Residency;
  /** Never unloaded to make room, nor for being idle. */
  readonly pinned: boolean;
  /** Of two that could make room, the lower one goes; of two that wait, the higher one is a little earlier. */
  readonly priority: number;
  /** Idle for so long it is unloaded; 0: never, `null`: as the settings say. */
  readonly idleSeconds: number | null;
  /** Taken off by an operator: nothing loads it. */
  readonly removed: boolean;
  readonly replicas: number;
  readonly demand: number;
  readonly releasedDemand: number;
  readonly options: DeploymentOptions;
}

/** A deployment that waits for memory of a host. */
export interface QueuePlace {
  /** From 1: the next one to be loaded is the first. */
  readonly position: number;
  readonly reason: string;
  readonly since: Date;
}

/** A deployment as it is. Of several workers the one nearest to answering counts. */
export interface DeploymentStatus extends Scope {
  readonly deploymentId: string;
  readonly versionId: string;
  readonly modelName: string;
  readonly desired: Residency;
  readonly pinned: boolean;
  readonly priority: number;
  readonly idleSeconds: number | null;
  readonly options: DeploymentOptions;
  /** What an operator chose; `null` where the manifest decides. */
  readonly engine: Engine | null;
  readonly state: WorkerState;
  /** From 0 to 1 while loading. */
  readonly loadProgress: number;
  /** Why it is in this state, as last decided; `null` when nothing has happened to it yet. */
  readonly reason: string | null;
  /** Its place among those that wait for memory; `null` while it does not wait. */
  readonly queue: QueuePlace | null;
  /** Requests that wait for it to be loaded. */
  readonly waitingRequests: number;
  /** Why the last worker failed, whole: for those who manage models. */
  readonly lastError: string | null;
  /** The same for everybody: short, and nothing of the machine. */
  readonly publicError: string | null;
  /** The host cannot run it as things are (`lastError` says why), so waiting does not help. */
  readonly refused: boolean;
  /** An adapter without which its base answers: it does not fit, or its file is damaged. */
  readonly adapterFailed: boolean;
  /** Starts of the worker since it was last ready for a minute. */
  readonly attempt: number;
  readonly hostName: string | null;
  /** What its engine computes on (`cpu`, `cuda`, `vulkan`, `metal`); `null` until a worker told. */
  readonly processor: string | null;
  readonly threads: number;
  /** Of its worker, while it is in memory: tokens of prompt and answer together. */
  readonly contextTokens: number | null;
  readonly memoryBytes: number;
  readonly residentBytes: number;
  /** Of an adapter that is loaded: the version in whose worker it runs. */
  readonly baseVersionId: string | null;
  /** Of a base that is loaded: the versions of adapters that its worker serves. */
  readonly adapterVersionIds: readonly string[];
  /** Last demand; `null` when nobody asked for it yet. */
  readonly requestedAt: Date | null;
  readonly since: Date | null;
  readonly createdAt: Date;
}

/** Whether this deployment shall be in memory now. */
export function isWanted(deployment: Deployment): boolean {
  if (deployment.desired === 'stopped' || deployment.removed) return false;
  return (
    deployment.desired === 'always' || deployment.pinned || deployment.demand > deployment.releasedDemand
  );
}

/** Whether it may be unloaded for another model, or for being idle. */
export function isEvictable(deployment: Deployment): boolean {
  return deployment.desired !== 'always' && !deployment.pinned;
}
