import { allCodePoints, type CodePoints, charactersOf, codePoints } from './code-points.ts';
import type { Language, LanguageForm, LanguageSpace } from './language.ts';

/** Parts of expressions that one space looks at: what real schemas need a hundred times over, in a fraction of a second. */
const maxWork = 500_000;

/**
 * A fresh space; expressions of different spaces must not be mixed.
 * @throws RangeError from any of its functions once it has been asked for too much work: derivatives of nested
 * counted repetitions grow without bound while the automaton itself stays small.
 */
export function createLanguageSpace(): LanguageSpace {
  const known = new Map<string, Language>();
  let work = 0;
  const spend = (parts: number): void => {
    work += parts;
    if (work > maxWork) throw new RangeError('the expressions are too large');
  };
  const intern = (key: string, nullable: boolean, form: LanguageForm): Language => {
    spend(1);
    const found = known.get(key);
    if (found) return found;
    const made: Language = { id: known.size, nullable, ...form };
    known.set(key, made);
    return made;
  };

  const never = intern('never', false, { kind: 'never' });
  const empty = intern('empty', true, { kind: 'empty' });

  const characters = (set: CodePoints): Language =>
    set.length === 0 ? never : intern(`[${set.join(';')}]`, false, { kind: 'characters', set });

  const not = (part: Language): Language =>
    part.kind === 'not' ? part.of : intern(`!${part.id}`, !part.nullable, { kind: 'not', of: part });
  const all = not(never);

  const pair = (first: Language, rest: Language): Language => {
    if (first === never || rest === never) return never;
    if (first === empty) return rest;
    if (rest === empty) return first;
    if (first === all && rest === all) return all;
    if (first.kind === 'sequence') return pair(first.first, pair(first.rest, rest));
    return intern(`${first.id}.${rest.id}`, first.nullable && rest.nullable, {
      kind: 'sequence',
      first,
      rest,
    });
  };

  const either = (...parts: readonly Language[]): Language => {
    const flat = new Set(parts.flatMap((part) => (part.kind === 'either' ? part.of : [part])));
    spend(flat.size);
    if (flat.has(all)) return all;
    flat.delete(never);
    const ranges = [...flat].flatMap((part) => (part.kind === 'characters' ? [part.set] : []));
    if (ranges.length > 1) {
      for (const part of flat) if (part.kind === 'characters') flat.delete(part);
      flat.add(characters(codePoints(ranges.flat())));
    }
    const of = sorted(flat);
    const [only] = of;
    if (only === undefined) return never;
    if (of.length === 1) return only;
    return intern(
      `|${ids(of)}`,
      of.some(({ nullable }) => nullable),
      { kind: 'either', of },
    );
  };

  const both = (...parts: readonly Language[]): Language => {
    const flat = new Set(parts.flatMap((part) => (part.kind === 'both' ? part.of : [part])));
    spend(flat.size);
    if (flat.has(never)) return never;
    flat.delete(all);
    const of = sorted(flat);
    const [only] = of;
    if (only === undefined) return all;
    if (of.length === 1) return only;
    const nullable = of.every((part) => part.nullable);
    if (flat.has(empty)) return nullable ? empty : never;
    return intern(`&${ids(of)}`, nullable, { kind: 'both', of });
  };

  const repeat = (part: Language, min: number, max: number | null): Language => {
    if (max === 0 || part === empty) return empty;
    if (part === never) return min === 0 ? empty : never;
    if (min === 1 && max === 1) return part;
    if (part.kind === 'repeat' && part.min === 0 && part.max === null) return part;
    const nullable = min === 0 || part.nullable;
    return intern(`${part.id}{${min},${max}}`, nullable, { kind: 'repeat', of: part, min, max });
  };

  return {
    never,
    empty,
    all,
    characters,
    literal: (text) =>
      Array.from(text, (character) => characters(charactersOf(character))).reduceRight(
        (rest, first) => pair(first, rest),
        empty,
      ),
    sequence: (...parts) => parts.reduceRight((rest, first) => pair(first, rest), empty),
    either,
    both,
    not,
    repeat,
    properties: new Map(),
    multiple: (divisor, remainder) =>
      intern(`%${divisor},${remainder}`, remainder === 0, { kind: 'multiple', divisor, remainder }),
  };
}

/** One character of any kind. */
export function anyCharacter(space: LanguageSpace): Language {
  return space.characters(allCodePoints);
}

function sorted(parts: ReadonlySet<Language>): Language[] {
  return [...parts].sort((a, b) => a.id - b.id);
}

function ids(parts: readonly Language[]): string {
  return parts.map(({ id }) => id).join(',');
}
