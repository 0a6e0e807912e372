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
  /** Instead of the manifest's. */
  readonly engine?: Engine;
}

export type Engine = ModelManifest['engine'];

/** The engines that can run a model made for this one: both of llama.cpp read the same files. */
export function enginesFor(engine: Engine): readonly Engine[] {
  return engine === 'onnx' || engine === 'remote' ? [engine] : ['llama-cpp', 'llama-server'];
}

/** A version on compute, as it is wanted. */
export interface Deployment extends Scope {
  readonly id: string;
  readonly versionId: string;
  readonly modelName: string;
  readonly desired: Residency;
  /** Never unloaded to make room, nor for being idle. */
  readonly pinned: boolean;
  readonly replicas: number;
  readonly demand: number;
  readonly releasedDemand: number;
  readonly options: DeploymentOptions;
}

/** A deployment as it is. Of several workers the one nearest to answering counts. */
export interface DeploymentStatus {
  readonly deploymentId: string;
  readonly versionId: string;
  readonly modelName: string;
  readonly desired: Residency;
  readonly pinned: boolean;
  /** What an operator chose; `null` where the manifest decides. */
  readonly engine: Engine | null;
  readonly state: WorkerState;
  /** From 0 to 1 while loading. */
  readonly loadProgress: number;
  /** Why the last worker failed, whole: for those who manage models. */
  readonly lastError: string | null;
  /** The same for everybody: short, and nothing of the machine. */
  readonly publicError: string | null;
  /** The host cannot run it as things are (`lastError` says why), so waiting does not help. */
  readonly refused: boolean;
  /** Starts of the worker since it was last ready for a minute. */
  readonly attempt: number;
  readonly hostName: string | null;
  /** What its engine computes on (`cpu`, `cuda`, `vulkan`, `metal`); `null` until a worker told. */
  readonly processor: string | null;
  readonly threads: number;
  readonly memoryBytes: number;
  readonly residentBytes: number;
  /** Last demand; `null` when nobody asked for it yet. */
  readonly requestedAt: Date | null;
  readonly since: Date | null;
}

/** Whether this deployment shall be in memory now. */
export function isWanted(deployment: Deployment): boolean {
  if (deployment.desired === 'stopped') return false;
  return (
    deployment.desired === 'always' || deployment.pinned || deployment.demand > deployment.releasedDemand
  );
}

/** Whether it may be unloaded for another model, or for being idle. */
export function isEvictable(deployment: Deployment): boolean {
  return deployment.desired !== 'always' && !deployment.pinned;
}
