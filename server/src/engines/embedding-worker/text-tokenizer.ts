import type { TokenPiece } from '@samovar/contract/worker-protocol';

/** Turns text into the ids that the model takes. */
export interface TextTokenizer {
  /**
   * Ids with the model's special tokens, at most `maxTokens` of them. Long texts are read in parts, between which
   * other requests get their turn; beyond `countedLength` characters no further than to know that they do not fit.
   */
  encode(text: string, maxTokens: number, countedLength?: number): Promise<EncodedText>;
  /** What each id stands for, as the vocabulary spells it. */
  describe(ids: readonly number[]): TokenPiece[];
}

export interface EncodedText {
  readonly ids: readonly number[];
  /** Tokens before the cut, as far as the text was read. */
  readonly count: number;
  /** Whether the text was read to its end. */
  readonly whole: boolean;
}
