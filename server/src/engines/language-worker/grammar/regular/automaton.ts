import { allCodePoints, type CodePoints, codePoints, lastCodePoint } from './code-points.ts';
import { collectBorders, derive } from './derive.ts';
import type { Language, LanguageSpace } from './language.ts';

interface AutomatonState {
  readonly accepting: boolean;
  readonly edges: readonly { readonly set: CodePoints; readonly target: number }[];
}

/** A deterministic automaton in which every state leads to an accepting one; state 0 is the start. */
export type Automaton = readonly AutomatonState[];

/**
 * The automaton of a language; `null` when it would have more states than the limit.
 * A language without any text gives an automaton without states.
 */
export function buildAutomaton(space: LanguageSpace, start: Language, maxStates: number): Automaton | null {
  const numbers = new Map<Language, number>([[start, 0]]);
  const found: Language[] = [start];
  const edges: Map<number, CodePoints>[] = [];
  for (let at = 0; at < found.length; at++) {
    if (found.length > maxStates) return null;
    const state = found[at];
    if (state === undefined) break;
    const outgoing = new Map<number, CodePoints>();
    for (const [from, to] of intervals(state)) {
      const next = derive(space, state, from);
      if (next === space.never) continue;
      let number = numbers.get(next);
      if (number === undefined) {
        number = found.length;
        numbers.set(next, number);
        found.push(next);
      }
      outgoing.set(number, [...(outgoing.get(number) ?? []), [from, to]]);
    }
    edges.push(outgoing);
  }
  return withoutDeadEnds(
    found.map(({ nullable }) => nullable),
    edges,
  );
}

/** The stretches of characters on which the derivative is constant. */
function intervals(state: Language): [number, number][] {
  const borders = new Set<number>();
  collectBorders(state, borders);
  for (const [from, to] of allCodePoints) borders.add(from).add(to + 1);
  const sorted = [...borders].filter((point) => point <= lastCodePoint).sort((a, b) => a - b);
  return sorted
    .map((from, index): [number, number] => [from, (sorted[index + 1] ?? lastCodePoint + 1) - 1])
    .filter(([from]) => from < 0xd800 || from > 0xdfff);
}

function withoutDeadEnds(
  accepting: readonly boolean[],
  edges: readonly Map<number, CodePoints>[],
): Automaton {
  const sources: number[][] = edges.map(() => []);
  edges.forEach((outgoing, from) => {
    for (const target of outgoing.keys()) sources[target]?.push(from);
  });
  const alive = new Set(accepting.flatMap((accepts, state) => (accepts ? [state] : [])));
  for (const state of alive) for (const source of sources[state] ?? []) alive.add(source);
  if (!alive.has(0)) return [];
  const numbers = new Map([...alive].sort((a, b) => a - b).map((state, number) => [state, number]));
  return [...numbers.keys()].map((state) => ({
    accepting: accepting[state] === true,
    edges: [...(edges[state] ?? [])].flatMap(([target, set]) => {
      const number = numbers.get(target);
      return number === undefined ? [] : [{ set: codePoints(set), target: number }];
    }),
  }));
}
