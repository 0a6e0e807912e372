import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { TextGenerator } from './generation/text-generator.ts';
import type { GrammarCache } from './grammar/grammar-cache.ts';
import type { RunningRequests } from './running-requests.ts';
import type { ControlTextGuard } from './templates/control-text-guard.ts';
import type { PromptRenderer } from './templates/render-prompt.ts';
import type { Vocabulary } from './vocabulary.ts';
import type { WorkerCounters } from './worker-counters.ts';

/** A loaded model with everything that answering takes. */
export interface LanguageModel {
  readonly manifest: ModelManifest;
  readonly contextTokens: number;
  readonly vocabulary: Vocabulary;
  readonly generator: TextGenerator;
  /** `null` when the model file carries no chat template. */
  readonly renderPrompt: PromptRenderer | null;
  /** A guard for each prompt: what messages say cannot become control tokens. */
  readonly guardControlTexts: () => ControlTextGuard;
  readonly grammars: GrammarCache;
  readonly running: RunningRequests;
  readonly counters: WorkerCounters;
  /** Changes with the model, the engine and its settings. */
  readonly systemFingerprint: string;
}
