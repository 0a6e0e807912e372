import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import type { Log } from '../../kernel/ports/log.ts';
import { chatTemplateOf } from '../gguf/chat-template.ts';
import { createGgufVocabulary } from '../gguf/gguf-vocabulary.ts';
import { logNative } from '../gguf/log-native.ts';
import type { Vocabulary } from '../language-worker/vocabulary.ts';
import { createLlamaEngine, type LlamaEngine } from './llama-native.ts';

export interface LoadLlamaOptions {
  readonly modelPath: string;
  readonly threads: number;
  readonly slots: number;
  /** Tokens that each slot can hold. */
  readonly contextTokens: number;
  /** Most tokens in one batch. */
  readonly batchTokens: number;
  readonly log: Log;
  onProgress(fraction: number): void;
}

export interface LoadedLlama {
  readonly engine: LlamaEngine;
  readonly vocabulary: Vocabulary;
  /** The chat template in the model file, if it carries one. */
  readonly chatTemplate: string | null;
  /** `cpu`, `cuda`, `vulkan` or `metal`. */
  readonly processor: string;
  dispose(): Promise<void>;
}

/** Loads a GGUF file with one context of several sequences. Uses a GPU when the engine was installed with one. */
export async function loadLlama(options: LoadLlamaOptions): Promise<LoadedLlama> {
  const llama = await getLlama({
    gpu: 'auto',
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    maxThreads: options.threads,
    logLevel: LlamaLogLevel.warn,
    logger: (level, message) => logNative(options.log, level, message),
  });
  const model = await llama.loadModel({
    modelPath: options.modelPath,
    ignoreMemorySafetyChecks: true,
    onLoadProgress: (fraction) => options.onProgress(fraction * 0.9),
  });
  const context = await model.createContext({
    contextSize: options.contextTokens,
    sequences: options.slots,
    batchSize: options.batchTokens,
    threads: options.threads,
    flashAttention: true,
    failedCreationRemedy: false,
    ignoreMemorySafetyChecks: true,
  });
  options.onProgress(1);
  return {
    engine: createLlamaEngine(llama, model, context),
    vocabulary: createGgufVocabulary(model),
    chatTemplate: chatTemplateOf(model),
    processor: llama.gpu === false ? 'cpu' : llama.gpu,
    // Named here, they are reachable until then: one that was collected before is freed by its finalizer, and
    // `llama.dispose()` waits for it for ever.
    async dispose() {
      await context.dispose();
      await model.dispose();
      await llama.dispose();
    },
  };
}
