import type { Llama, LlamaContext, LlamaGrammarEvaluationState } from 'node-llama-cpp';
import { nativeInternal } from '../gguf/native-internals.ts';
import type { NativeVocabulary } from '../gguf/native-vocabulary.ts';

/**
 * The parts of node-llama-cpp's native addon that the scheduler drives itself. The package keeps them internal, so
 * they are looked up by name and checked: an update that moves them fails at loading, with a sentence.
 */
export interface NativeContext {
  initBatch(tokens: number): void;
  /** Returns the batch positions of the tokens at `logitIndexes`. */
  addToBatch(
    sequence: number,
    firstPosition: number,
    tokens: Uint32Array,
    logitIndexes: Uint32Array,
  ): Uint32Array;
  decodeBatch(): Promise<void>;
  sampleToken(batchPosition: number, sampler: NativeSampler): Promise<number>;
  sampleToken(
    batchPosition: number,
    sampler: NativeSampler,
    probabilities: boolean,
    confidence: boolean,
    logits: readonly [tokens: readonly number[], max: boolean, min: boolean, selected: boolean, top: number],
    totalLogitWeight: boolean,
  ): Promise<
    readonly [token: number, undefined, undefined, logits: readonly number[], totalLogitWeight: number]
  >;
  /** Forgets positions from `start` up to `end` (-1: to the end); false when this memory cannot do that. */
  removeTokenCellsFromSequence(sequence: number, start: number, end: number): boolean;
}

export interface NativeSampler {
  applyConfig(config: Readonly<Record<string, unknown>>): void;
  dispose(): void;
}

export interface NativeSamplerType {
  new (model: NativeVocabulary): NativeSampler;
  acceptGrammarEvaluationStateToken(state: object, token: number): void;
}

export function nativeContext(context: LlamaContext): NativeContext {
  return nativeInternal<NativeContext>(context, '_ctx', [
    'initBatch',
    'addToBatch',
    'decodeBatch',
    'sampleToken',
    'removeTokenCellsFromSequence',
  ]);
}

export function nativeSamplerType(llama: Llama): NativeSamplerType {
  const bindings = nativeInternal<object>(llama, '_bindings', []);
  return nativeInternal<NativeSamplerType>(bindings, 'AddonSampler', ['acceptGrammarEvaluationStateToken']);
}

export function nativeGrammarState(state: LlamaGrammarEvaluationState): object {
  return nativeInternal<object>(state, '_state', []);
}
