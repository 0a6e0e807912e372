import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { LlamaEngine } from './llama-native.ts';
import type { RunningRequests } from '../language-worker/running-requests.ts';
import type { SlotScheduler } from './scheduler/slot-scheduler.ts';
import type { PromptRenderer } from '../language-worker/templates/render-prompt.ts';
import type { Vocabulary } from './vocabulary.ts';
import type { WorkerCounters } from '../language-worker/worker-counters.ts';

/** A loaded model with everything that answering takes. */
export interface LanguageModel {
  readonly manifest: ModelManifest;
  readonly contextTokens: number;
  readonly vocabulary: Vocabulary;
  readonly engine: LlamaEngine;
  /** `cpu`, `cuda`, `vulkan` or `metal`. */
  readonly processor: string;
  readonly scheduler: SlotScheduler;
  /** `null` when the model file carries no chat template. */
  readonly renderPrompt: PromptRenderer | null;
  readonly running: RunningRequests;
  readonly counters: WorkerCounters;
  /** Changes with the model, the engine and its settings. */
  readonly systemFingerprint: string;
  release(): Promise<void>;
}
