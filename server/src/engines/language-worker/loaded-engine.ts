import type { TextGenerator } from './generation/text-generator.ts';
import type { Vocabulary } from './vocabulary.ts';

/** A model in an engine, as the worker needs it. */
export interface LoadedEngine {
  readonly generator: TextGenerator;
  /** For LoRA adapters on the same weights, by their versions: nothing of one is seen by another. */
  readonly adapters?: ReadonlyMap<string, TextGenerator>;
  /** Adapters that could not be loaded, and why. */
  readonly failedAdapters?: ReadonlyMap<string, string>;
  readonly vocabulary: Vocabulary;
  /** The chat template in the model file, if it carries one. */
  readonly chatTemplate: string | null;
  /** `cpu`, `cuda`, `vulkan` or `metal`. */
  readonly processor: string;
  /** Memory of the worker, with the processes that it runs. */
  residentBytes(): number;
  /** Frees the model; the generator has been stopped. */
  release(): Promise<void>;
}

/** Loads the model; progress from 0 to 1. Aborted when the worker is to end meanwhile. */
export type LoadEngine = (
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
) => Promise<LoadedEngine>;
