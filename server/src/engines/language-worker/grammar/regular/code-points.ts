/** Sorted, disjoint, non-adjacent ranges of Unicode code points, both ends inclusive. */
export type CodePoints = readonly (readonly [from: number, to: number])[];

export const lastCodePoint = 0x10ffff;

/** Every code point that a JSON text can hold as a character: surrogates are none. */
export const allCodePoints: CodePoints = [
  [0, 0xd7ff],
  [0xe000, lastCodePoint],
];

/** The set of ranges in any order, overlapping or not. */
export function codePoints(ranges: CodePoints): CodePoints {
  const sorted = ranges.filter(([from, to]) => from <= to).sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = joined.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

/** What is a character and not in the set. */
export function complement(set: CodePoints): CodePoints {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [from, to] of set) {
    if (from > next) gaps.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= lastCodePoint) gaps.push([next, lastCodePoint]);
  return intersection(gaps, allCodePoints);
}

/** What is in both sets. */
export function intersection(a: CodePoints, b: CodePoints): CodePoints {
  const both: [number, number][] = [];
  for (const [fromA, toA] of a) {
    for (const [fromB, toB] of b) {
      const [from, to] = [Math.max(fromA, fromB), Math.min(toA, toB)];
      if (from <= to) both.push([from, to]);
    }
  }
  return codePoints(both);
}

export function contains(set: CodePoints, point: number): boolean {
  return set.some(([from, to]) => from <= point && point <= to);
}

/** The set of the characters of a text. */
export function charactersOf(text: string): CodePoints {
  return codePoints(
    Array.from(text, (character): [number, number] => {
      const point = character.codePointAt(0) ?? 0;
      return [point, point];
    }),
  );
}
