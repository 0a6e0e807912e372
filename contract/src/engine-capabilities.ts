import type { ModelManifest } from './worker-protocol.ts';

/** What an operator may choose for a worker, where its engine honours it. */
export type WorkerOption = 'contextTokens' | 'parallelSequences' | 'threads' | 'kvCache';

/** Precisions of the cache of keys and values: half, or 8-bit blocks that take about half as much memory. */
export const kvCachePrecisions = ['f16', 'q8_0'] as const;

export type KvCachePrecision = (typeof kvCachePrecisions)[number];

export interface EngineCapability {
  /** Options of a deployment that it honours; others are refused by name. */
  readonly options: readonly WorkerOption[];
  /** Serves LoRA adapters beside the base model, whose weights are in memory once. */
  readonly adapters: boolean;
}

/** What each engine can do with a deployment. */
export const engineCapabilities: Readonly<Record<ModelManifest['engine'], EngineCapability>> = {
  'llama-cpp': { options: ['contextTokens', 'parallelSequences', 'threads', 'kvCache'], adapters: true },
  'llama-server': { options: ['contextTokens', 'parallelSequences', 'threads', 'kvCache'], adapters: true },
  onnx: { options: ['contextTokens', 'threads'], adapters: false },
  // Its options are set where it runs.
  remote: { options: [], adapters: false },
};
