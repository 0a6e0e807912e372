/** A model's tokens: text to ids and back, exactly. */
export interface Vocabulary {
  readonly size: number;
  /** No token stands for more characters than this. */
  readonly longestToken: number;
  /** A space between two words always begins the second one's first token, wherever the text before it began. */
  readonly partsWords: boolean;
  readonly bosText: string;
  readonly eosText: string;
  /** Token ids; special tokens written in the text count as such. A model's BOS is put in front where it wants one. */
  encodePrompt(text: string): Uint32Array;
  /** As `encodePrompt`, for a text that continues a prompt: nothing is put in front. */
  encodeContinuation(text: string): Uint32Array;
  /** Spellings that `encodePrompt` reads as control tokens. */
  readonly controlTexts: readonly string[];
  /** Token ids of plain text; what looks like a special token is text. */
  encodePlain(text: string): Uint32Array;
  /** The bytes of a token, also of special ones. */
  bytes(token: number): Buffer;
  isControl(token: number): boolean;
  /** Tokens with which the model ends its turn. */
  isEnd(token: number): boolean;
}
