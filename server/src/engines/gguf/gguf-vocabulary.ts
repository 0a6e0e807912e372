import type { LlamaModel } from 'node-llama-cpp';
import { joinTokens } from '../language-worker/join-tokens.ts';
import type { Vocabulary } from '../language-worker/vocabulary.ts';
import { nativeVocabulary } from './native-vocabulary.ts';
import { createSpecialBorders } from './special-borders.ts';
import {
  isAlwaysParsed,
  isControlToken,
  isParsedAsSpecial,
  specialTokenOf,
  type TokenEntry,
  tokenBytes,
  type VocabularyKind,
} from './token-pieces.ts';

const kinds: Readonly<Record<number, VocabularyKind>> = { 1: 'sentence-piece', 2: 'byte-level' };

/** The vocabulary of a model file, read by llama.cpp. */
export function createGgufVocabulary(model: LlamaModel): Vocabulary {
  const native = nativeVocabulary(model);
  const kind = kinds[native.getVocabularyType()] ?? 'other';
  const spellings = model.fileInfo.metadata.tokenizer?.ggml?.tokens ?? [];
  const size = spellings.length;
  const cache = new Map<number, Buffer>();
  const entry = (token: number): TokenEntry => ({
    text: native.getTokenString(token),
    attributes: native.getTokenAttributes(token),
  });
  const bos = native.tokenBos();
  const eos = native.tokenEos();
  const textOf = (token: number) => (token >= 0 && token < size ? native.getTokenString(token) : '');
  const entries = spellings.map((_, token) => entry(token));
  const alwaysParsed = entries.filter(isAlwaysParsed).map(specialTokenOf);
  const controls = entries.filter(isParsedAsSpecial);
  const partAtAll = createSpecialBorders([...controls.map(specialTokenOf), ...alwaysParsed]);
  const partAtAlways = createSpecialBorders(alwaysParsed);
  const encodeSpecial = (text: string) =>
    joinTokens(partAtAll(text).map((part) => native.tokenize(part, true)));
  const prependBos = native.shouldPrependBosToken() && bos >= 0 && bos < size;
  return {
    size,
    longestToken: spellings.reduce((longest, text) => Math.max(longest, text.length), 1),
    partsWords: kind === 'byte-level',
    bosText: textOf(bos),
    eosText: textOf(eos),
    encodePrompt(text) {
      const tokens = encodeSpecial(text);
      return prependBos && tokens[0] !== bos ? Uint32Array.from([bos, ...tokens]) : tokens;
    },
    encodeContinuation: encodeSpecial,
    controlTexts: controls.map(({ text }) => text),
    encodePlain: (text) => joinTokens(partAtAlways(text).map((part) => native.tokenize(part, false))),
    bytes(token) {
      const known = cache.get(token);
      if (known !== undefined) return known;
      const bytes =
        tokenBytes(entry(token), kind) ?? Buffer.from(native.detokenize(Uint32Array.of(token), true));
      cache.set(token, bytes);
      return bytes;
    },
    isControl: (token) => isControlToken(entry(token)),
    isEnd: (token) => native.isEogToken(token),
  };
}
