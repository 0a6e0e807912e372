import type { SpecialToken } from './special-borders.ts';

/** What a vocabulary tells of one token. */
export interface TokenEntry {
  /** As the vocabulary spells it. */
  readonly text: string;
  /** llama.cpp's attribute bits. */
  readonly attributes: number;
}

/** llama.cpp's vocabulary kinds. */
export type VocabularyKind = 'sentence-piece' | 'byte-level' | 'other';

const attribute = {
  unknown: 1,
  unused: 2,
  control: 8,
  userDefined: 16,
  byte: 32,
  stripsLeft: 128,
  stripsRight: 256,
} as const;

export function isControlToken(entry: TokenEntry): boolean {
  return (entry.attributes & attribute.control) !== 0;
}

/** Whether its spelling in a text stands for it only where special tokens are asked for. */
export function isParsedAsSpecial(entry: TokenEntry): boolean {
  return (entry.attributes & (attribute.control | attribute.unknown)) !== 0;
}

/** Whether its spelling in a text always stands for it, also where special tokens are not asked for. */
export function isAlwaysParsed(entry: TokenEntry): boolean {
  return (entry.attributes & attribute.userDefined) !== 0 && !isParsedAsSpecial(entry);
}

/** Its spelling, and whether white space before and after it is dropped where it is parsed. */
export function specialTokenOf({ text, attributes }: TokenEntry): SpecialToken {
  return {
    text,
    stripsLeft: (attributes & attribute.stripsLeft) !== 0,
    stripsRight: (attributes & attribute.stripsRight) !== 0,
  };
}

/**
 * The bytes that a token stands for. The engine's own detokenizer returns text, in which half a character is lost;
 * answers are cut at token borders, so the bytes are taken from the vocabulary. `null` where its spelling is of
 * another kind.
 */
export function tokenBytes(entry: TokenEntry, kind: VocabularyKind): Buffer | null {
  if ((entry.attributes & (attribute.unknown | attribute.unused)) !== 0) return Buffer.alloc(0);
  if ((entry.attributes & (attribute.control | attribute.userDefined)) !== 0) return Buffer.from(entry.text);
  if (kind === 'byte-level') return byteLevelBytes(entry.text);
  if (kind !== 'sentence-piece') return null;
  const hex = (entry.attributes & attribute.byte) !== 0 ? /^<0x([0-9A-F]{2})>$/i.exec(entry.text) : null;
  return hex?.[1] !== undefined
    ? Buffer.from([Number.parseInt(hex[1], 16)])
    : Buffer.from(entry.text.replaceAll('\u2581', ' '));
}

function byteLevelBytes(text: string): Buffer {
  const bytes: number[] = [];
  for (const char of text) {
    const byte = byteOfChar.get(char);
    if (byte === undefined) bytes.push(...Buffer.from(char));
    else bytes.push(byte);
  }
  return Buffer.from(bytes);
}

/**
 * Byte-level BPE (GPT-2 and its kin) spells each byte as one printable character: bytes that are printable in
 * Latin-1 as themselves, the others as U+0100 and following, in order.
 */
const byteOfChar: ReadonlyMap<string, number> = (() => {
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  const map = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte += 1)
    map.set(String.fromCodePoint(printable(byte) ? byte : next++), byte);
  return map;
})();
