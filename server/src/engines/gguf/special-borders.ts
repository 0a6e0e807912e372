/** A token whose spelling in a text is looked for before anything else is. */
export interface SpecialToken {
  readonly text: string;
  /** The tokenizer drops white space in front of it, */
  readonly stripsLeft: boolean;
  /** or after it. */
  readonly stripsRight: boolean;
}

/** Fewer special tokens than this are not worth a part. */
const tokensOfPart = 64;
/** What the tokenizer takes for white space. */
const isSpace = /[ \t\n\v\f\r]/;
/** In a shorter text there cannot be so many that it matters. */
const shortLength = 4 * 1024;

/**
 * Parts a text where its special tokens begin, so that the tokens of the parts, in order, are those of the whole.
 * llama.cpp looks for special tokens spelling by spelling, the longest first, and walks over everything that it has
 * found at each find: thousands of them in one text take it seconds, in parts milliseconds.
 *
 * The parts are exact because a border is only where one special token certainly begins: no spelling lies across its
 * begin or its end, so none that is looked for earlier takes a part of it, and each side is searched as in the whole;
 * and no white space lies at it that a neighbor would strip.
 * What follows a special token, or begins a text, is read alike by every kind of vocabulary.
 */
export function createSpecialBorders(specials: readonly SpecialToken[]): (text: string) => string[] {
  const spelled = specials.filter(({ text }) => text !== '');
  // A spelling that is no valid text cannot be compared as one.
  if (spelled.length === 0 || spelled.some(({ text }) => text.includes('\u{FFFD}'))) return (text) => [text];
  const texts = [...new Set(spelled.map(({ text }) => text))].sort((a, b) => b.length - a.length);
  const stripping = new Set(spelled.filter(({ stripsLeft }) => stripsLeft).map(({ text }) => text));
  const strips = spelled.some(({ stripsLeft, stripsRight }) => stripsLeft || stripsRight);
  const alternatives = texts.map(RegExp.escape).join('|');
  const next = new RegExp(alternatives, 'g');
  const longestHere = new RegExp(alternatives, 'y');
  const longest = texts[0]?.length ?? 0;

  /** Whether a spelling that begins from `from` on, before `border`, ends after it. */
  function isCrossed(text: string, from: number, border: number): boolean {
    for (let at = Math.max(0, from); at < border; at += 1) {
      longestHere.lastIndex = at;
      const [found] = longestHere.exec(text) ?? [];
      if (found !== undefined && at + found.length > border) return true;
    }
    return false;
  }

  function isBorder(text: string, begin: number, token: string): boolean {
    const end = begin + token.length;
    if (strips && (isSpace.test(text.charAt(begin)) || isSpace.test(text.charAt(end - 1)))) return false;
    return (
      !(stripping.has(token) && isSpace.test(text.charAt(begin - 1))) &&
      !isCrossed(text, begin - longest + 1, begin) &&
      !isCrossed(text, begin + 1, end)
    );
  }

  return (text) => {
    if (text.length < shortLength) return [text];
    const parts: string[] = [];
    let from = 0;
    let count = 0;
    for (const { 0: token, index } of text.matchAll(next)) {
      count += 1;
      if (count <= tokensOfPart || !isBorder(text, index, token)) continue;
      parts.push(text.slice(from, index));
      [from, count] = [index, 1];
    }
    parts.push(text.slice(from));
    return parts;
  };
}
