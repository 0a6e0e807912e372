import type { TokenPiece } from '@samovar/contract/worker-protocol';

/** A token's part of the text, in bytes: a character may span several. */
export interface SpelledToken {
  readonly bytes: Buffer;
  readonly special: boolean;
}

/**
 * What most control tokens look like: `<|im_start|>`, `<s>`, `</tool_call>`, `<｜User｜>`, `[INST]`. Engines that are
 * asked do not tell which tokens are such.
 */
const controlSpelling = /^(?:<[|｜][^<>]+[|｜]>|<\/?[a-z_0-9]+>|\[\/?[A-Z_]+\])$/;

export function looksLikeControl(text: string): boolean {
  return controlSpelling.test(text);
}

/** The texts of tokens; a character that spans several stands with the last of them, and the others are empty. */
export function piecesOf(tokens: readonly SpelledToken[]): TokenPiece[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const texts = tokens.map(({ bytes }) => decoder.decode(bytes, { stream: true }));
  const cut = decoder.decode();
  return tokens.map(({ special }, index) => {
    const text = texts[index] ?? '';
    return { text: index === tokens.length - 1 ? text + cut : text, special };
  });
}

/**
 * The bytes of tokens that are spelled as their vocabulary has them: with `▁` for a space and `<0x0A>` for a byte
 * (SentencePiece), or each byte as a letter (byte-level BPE, the alphabet of GPT-2). One that fits neither is text.
 */
export function bytesOfSpellings(spellings: readonly string[]): Buffer[] {
  const isPieces = spellings.some((spelling) => spelling.includes('▁') || byteToken.test(spelling));
  return spellings.map(isPieces ? bytesOfPiece : bytesOfLetters);
}

const byteToken = /^<0x([0-9A-F]{2})>$/;

function bytesOfPiece(spelling: string): Buffer {
  const [, hex] = byteToken.exec(spelling) ?? [];
  return hex === undefined ? Buffer.from(spelling.replaceAll('▁', ' ')) : Buffer.from(hex, 'hex');
}

function bytesOfLetters(spelling: string): Buffer {
  const bytes = Array.from(spelling, (letter) => byteOf.get(letter));
  return bytes.every((byte) => byte !== undefined) ? Buffer.from(bytes) : Buffer.from(spelling);
}

/** Visible characters of Latin-1 stand for themselves, the other bytes in their order for U+0100 and what follows. */
const byteOf: ReadonlyMap<string, number> = (() => {
  const letters = new Map<string, number>();
  let others = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    const isVisible = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    letters.set(String.fromCodePoint(isVisible ? byte : 256 + others), byte);
    if (!isVisible) others += 1;
  }
  return letters;
})();
