import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { Clock } from '../../kernel/clock.ts';
import type { EngineDriver } from '../../kernel/ports/engine-driver.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { FilePlacer, StoredFile, WorkerRunner } from '../../kernel/ports/worker-runner.ts';
import type { ServedModel } from '../registry/index.ts';
import type { EngineHostFacts } from './engine-host-store.ts';
import type { ServingDependencies } from './serving-dependencies.ts';
import type { SizingRules } from './size-unit.ts';

export interface ReadyModels {
  readonly versions: readonly ServedModel[];
  /** Those that the names of their models mean. */
  readonly current: readonly ServedModel[];
}

/** What an engine host reads of the registry. */
export interface ModelSource {
  /** Every ready version of the installation; the same object until one of them, or what a model means, changed. */
  readyModels(): Promise<ReadyModels>;
  filesOf(model: ServedModel): Promise<readonly StoredFile[]>;
}

export interface EngineHostDependencies extends ServingDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly runner: WorkerRunner;
  readonly placer: FilePlacer;
  readonly models: ModelSource;
  readonly drivers: ReadonlyMap<ModelManifest['engine'], EngineDriver>;
  readonly facts: EngineHostFacts;
  readonly policy: EngineHostPolicy;
}

export interface EngineHostPolicy {
  /** A host that gives no sign for this long is released by the others. */
  readonly leaseMs: number;
  /** Sequences of a language model worker, where its deployment does not say. */
  readonly parallelSequences: number;
  /** 0 keeps models that nobody calls. */
  readonly idleUnloadSeconds: number;
  /** Running requests may go on this long when a model is unloaded for another one. */
  readonly drainMs: number;
  /** Names of models to load at the start, before anybody asks. */
  readonly preload: readonly string[];
  readonly logLevel: string;
}

/** By what an engine host sizes its workers, beside what their deployments say. */
export function sizingRules({ facts, policy }: EngineHostDependencies): SizingRules {
  return { parallelSequences: policy.parallelSequences, engineMemory: facts.engineMemory };
}
