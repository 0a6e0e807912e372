import type { CodePoints } from './regular/code-points.ts';

/** A GBNF string literal. The text of a grammar is plain ASCII: all else is escaped. */
export function gbnfLiteral(text: string): string {
  return `"${Array.from(text, (character) => gbnfPoint(character.codePointAt(0) ?? 0)).join('')}"`;
}

/** A GBNF character class. */
export function gbnfClass(set: CodePoints): string {
  const items = set.map(([from, to]) =>
    from === to ? gbnfPoint(from) : `${gbnfPoint(from)}-${gbnfPoint(to)}`,
  );
  return `[${items.join('')}]`;
}

function gbnfPoint(point: number): string {
  const character = String.fromCodePoint(point);
  if (/^[A-Za-z0-9 ,:{}()_./]$/.test(character)) return character;
  if (point <= 0x7f) return `\\x${hex(point, 2)}`;
  return point <= 0xffff ? `\\u${hex(point, 4)}` : `\\U${hex(point, 8)}`;
}

function hex(point: number, digits: number): string {
  return point.toString(16).toUpperCase().padStart(digits, '0');
}
