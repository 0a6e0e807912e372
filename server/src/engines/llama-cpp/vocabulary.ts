import type { LlamaModel } from 'node-llama-cpp';
import { nativeModel } from './native-addon.ts';
import { isControlToken, type TokenEntry, tokenBytes, type VocabularyKind } from '../gguf/token-pieces.ts';

/** A model's tokens: text to ids and back, exactly. */
export interface Vocabulary {
  readonly size: number;
  /** No token stands for more characters than this. */
  readonly longestToken: number;
  readonly bosText: string;
  readonly eosText: string;
  /** Token ids; special tokens written in the text count as such. A model's BOS is put in front where it wants one. */
  encodePrompt(text: string): Uint32Array;
  /** Token ids of plain text; what looks like a special token is text. */
  encodePlain(text: string): Uint32Array;
  /** The bytes of a token, also of special ones. */
  bytes(token: number): Buffer;
  isControl(token: number): boolean;
  /** Tokens with which the model ends its turn. */
  isEnd(token: number): boolean;
}

const kinds: Readonly<Record<number, VocabularyKind>> = { 1: 'sentence-piece', 2: 'byte-level' };

export function createVocabulary(model: LlamaModel): Vocabulary {
  const native = nativeModel(model);
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
  const prependBos = native.shouldPrependBosToken() && bos >= 0 && bos < size;
  return {
    size,
    longestToken: spellings.reduce((longest, text) => Math.max(longest, text.length), 1),
    bosText: textOf(bos),
    eosText: textOf(eos),
    encodePrompt(text) {
      const tokens = native.tokenize(text, true);
      return prependBos && tokens[0] !== bos ? Uint32Array.from([bos, ...tokens]) : tokens;
    },
    encodePlain: (text) => native.tokenize(text, false),
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
