import type { LlamaModel } from 'node-llama-cpp';
import { nativeInternal } from './native-internals.ts';

/** The vocabulary of node-llama-cpp's native model. */
export interface NativeVocabulary {
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

export function nativeVocabulary(model: LlamaModel): NativeVocabulary {
  return nativeInternal<NativeVocabulary>(model, '_model', [
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
