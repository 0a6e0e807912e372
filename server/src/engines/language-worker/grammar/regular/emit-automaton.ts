import { gbnfClass, gbnfLiteral } from '../gbnf-text.ts';
import type { GrammarRules } from '../grammar-rules.ts';
import type { Automaton } from './automaton.ts';
import { type CodePoints, charactersOf, codePoints, complement, intersection } from './code-points.ts';

/** How characters of the language are written: as they are, or as inside a JSON string. */
export type CharacterWriting = (set: CodePoints) => string;

export const plainCharacters: CharacterWriting = gbnfClass;

/**
 * Adds the rules of an automaton, one per state except that chains are joined, and returns an expression for it.
 * Every rule goes on in its last place, so the engine's stack stays flat however long the text is.
 */
export function emitAutomaton(
  rules: GrammarRules,
  automaton: Automaton,
  hint: string,
  write: CharacterWriting,
): string {
  const arrivals = automaton.map(() => 0);
  for (const { edges } of automaton)
    for (const { target } of edges) arrivals[target] = (arrivals[target] ?? 0) + 1;
  const isChained = (state: number) => {
    const { edges, accepting } = automaton[state] ?? { edges: [], accepting: false };
    return state !== 0 && arrivals[state] === 1 && (accepting ? edges.length === 0 : edges.length === 1);
  };
  const names = automaton.map((_, state) => (isChained(state) ? '' : rules.reserve(hint)));

  const steps = (state: number): string[] => {
    const { edges, accepting } = automaton[state] ?? { edges: [], accepting: false };
    const alternatives = edges.map(({ set, target }) => chain(write(set), target));
    // An alternative that is empty and last would run on into the next line.
    return accepting ? ['""', ...alternatives] : alternatives;
  };
  const chain = (first: string, target: number): string => {
    let text = first;
    for (let state = target; ; ) {
      const edge = automaton[state]?.edges[0];
      if (!isChained(state)) return `${text} ${names[state]}`;
      if (!edge) return text;
      text += ` ${write(edge.set)}`;
      state = edge.target;
    }
  };
  automaton.forEach((_, state) => {
    const name = names[state];
    if (name) rules.define(name, steps(state).join(' | '));
  });
  return names[0] ?? '';
}

const shortEscapes = new Map([
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [0x22, '"'],
  [0x5c, '\\'],
]);
const escaped = codePoints([
  [0, 0x1f],
  [0x22, 0x22],
  [0x5c, 0x5c],
]);
const raw = complement(escaped);

/** Characters inside a JSON string, each in the one form that serializers write it in. */
export const jsonCharacters: CharacterWriting = (set) => {
  const plain = intersection(set, raw);
  const points = intersection(set, escaped).flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, offset) => from + offset),
  );
  const short = points.flatMap((point) => shortEscapes.get(point) ?? []);
  const long = points.filter((point) => !shortEscapes.has(point));
  const alternatives = [
    ...(plain.length > 0 ? [gbnfClass(plain)] : []),
    ...(short.length > 0 ? [`"\\\\" ${gbnfClass(charactersOf(short.join('')))}`] : []),
    ...[0, 1].flatMap((high) =>
      longEscapes(
        high,
        long.filter((point) => point >> 4 === high),
      ),
    ),
  ];
  return alternatives.length === 1 ? (alternatives[0] ?? '') : `( ${alternatives.join(' | ')} )`;
};

function longEscapes(high: number, points: readonly number[]): string[] {
  if (points.length === 0) return [];
  const digits = points.map((point) => (point & 15).toString(16)).join('');
  return [`${gbnfLiteral(`\\u00${high}`)} ${gbnfClass(charactersOf(digits + digits.toUpperCase()))}`];
}
