import type { WorkerAdapter } from '@samovar/contract/worker-protocol';
import { getLlama, type LlamaContext, LlamaLogLevel } from 'node-llama-cpp';
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
  /** Largest piece of a prompt in one batch, beside one token of every slot. */
  readonly chunkTokens: number;
  /** Precision of the cache of keys and values. */
  readonly kvCache: 'f16' | 'q8_0';
  readonly adapters: readonly WorkerAdapter[];
  readonly log: Log;
  onProgress(fraction: number): void;
}

export interface LoadedLlama {
  readonly engine: LlamaEngine;
  /** An engine for each adapter, by its version: a context of its own on the same weights. */
  readonly adapters: ReadonlyMap<string, LlamaEngine>;
  /** Adapters that do not fit the model, and why. */
  readonly failedAdapters: ReadonlyMap<string, string>;
  readonly vocabulary: Vocabulary;
  /** The chat template in the model file, if it carries one. */
  readonly chatTemplate: string | null;
  /** `cpu`, `cuda`, `vulkan` or `metal`. */
  readonly processor: string;
  dispose(): Promise<void>;
}

/**
 * Loads a GGUF file once, with one context of several sequences for the model itself and one for each adapter: a LoRA
 * belongs to a context here. Uses a GPU when the engine was installed with one.
 */
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
  const contexts: LlamaContext[] = [];
  const createEngine = async (slots: number, loraPath: string | null): Promise<LlamaEngine> => {
    const context = await model.createContext({
      contextSize: options.contextTokens,
      sequences: slots,
      batchSize: options.chunkTokens + slots,
      threads: options.threads,
      flashAttention: true,
      failedCreationRemedy: false,
      ignoreMemorySafetyChecks: true,
      ...(options.kvCache === 'q8_0' && {
        experimentalKvCacheKeyType: 'Q8_0',
        experimentalKvCacheValueType: 'Q8_0',
      }),
      ...(loraPath !== null && { lora: { adapters: [{ filePath: loraPath }] } }),
    });
    contexts.push(context);
    return createLlamaEngine(llama, model, context);
  };
  const engine = await createEngine(options.slots, null);
  const adapters = new Map<string, LlamaEngine>();
  const failedAdapters = new Map<string, string>();
  for (const { versionId, name, path, parallelSequences } of options.adapters) {
    try {
      adapters.set(versionId, await createEngine(parallelSequences, path));
    } catch (error) {
      // The others, and the model itself, answer all the same.
      options.log.error({ err: error, adapter: name }, 'an adapter could not be loaded');
      failedAdapters.set(versionId, error instanceof Error ? error.message : String(error));
    }
  }
  options.onProgress(1);
  return {
    engine,
    adapters,
    failedAdapters,
    vocabulary: createGgufVocabulary(model),
    chatTemplate: chatTemplateOf(model),
    processor: llama.gpu === false ? 'cpu' : llama.gpu,
    // Named here, they are reachable until then: one that was collected before is freed by its finalizer, and
    // `llama.dispose()` waits for it for ever.
    async dispose() {
      for (const context of contexts) await context.dispose();
      await model.dispose();
      await llama.dispose();
    },
  };
}
