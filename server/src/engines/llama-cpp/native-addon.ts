import type { Llama, LlamaContext, LlamaGrammarEvaluationState, LlamaModel } from 'node-llama-cpp';

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

export interface NativeModel {
  tokenize(text: string, parseSpecial: boolean): Uint32Array;
  detokenize(tokens: Uint32Array, special: boolean): string;
  getTokenString(token: number): string;
  getTokenAttributes(token: number): number;
  getVocabularyType(): number;
  isEogToken(token: number): boolean;
  tokenBos(): number;
  tokenEos(): number;
  shouldPrependBosToken(): boolean;
}

export interface NativeSampler {
  applyConfig(config: Readonly<Record<string, unknown>>): void;
  dispose(): void;
}

export interface NativeSamplerType {
  new (model: NativeModel): NativeSampler;
  acceptGrammarEvaluationStateToken(state: object, token: number): void;
}

export function nativeContext(context: LlamaContext): NativeContext {
  return internal<NativeContext>(context, '_ctx', [
    'initBatch',
    'addToBatch',
    'decodeBatch',
    'sampleToken',
    'removeTokenCellsFromSequence',
  ]);
}

export function nativeModel(model: LlamaModel): NativeModel {
  return internal<NativeModel>(model, '_model', [
    'tokenize',
    'detokenize',
    'getTokenString',
    'getTokenAttributes',
    'getVocabularyType',
    'isEogToken',
    'tokenBos',
    'tokenEos',
    'shouldPrependBosToken',
  ]);
}

export function nativeSamplerType(llama: Llama): NativeSamplerType {
  const bindings = internal<object>(llama, '_bindings', []);
  return internal<NativeSamplerType>(bindings, 'AddonSampler', ['acceptGrammarEvaluationStateToken']);
}

export function nativeGrammarState(state: LlamaGrammarEvaluationState): object {
  return internal<object>(state, '_state', []);
}

function internal<T extends object>(owner: object, name: string, methods: readonly (keyof T)[]): T {
  const value: unknown = Reflect.get(owner, name);
  if (!hasMethods<T>(value, methods))
    throw new Error(`node-llama-cpp no longer has the internal \`${name}\` that this release was built for`);
  return value;
}

function hasMethods<T extends object>(value: unknown, methods: readonly (keyof T)[]): value is T {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return methods.every((method) => typeof Reflect.get(value, method) === 'function');
}
