import type { Gbnf, GbnfElement, GbnfSequence } from './parse-gbnf.ts';

/** Draws sentences of a grammar at random; they stay short because deep choices fall to the shortest way. */
export function createGbnfSampler(grammar: Gbnf): (random: () => number) => string {
  const shortest = shortestLengths(grammar);
  const cost = (elements: GbnfSequence) =>
    elements.reduce((sum, element) => sum + elementCost(shortest, element), 0);

  return (random) => {
    let budget = 200;
    const any = <T>(items: readonly T[]): T => {
      const item = items[Math.floor(random() * items.length)];
      if (item === undefined) throw new Error('nothing to choose from');
      return item;
    };
    const sequence = (elements: GbnfSequence): string => elements.map(element).join('');
    const choose = (alternatives: readonly GbnfSequence[]): string => {
      const possible = alternatives.filter((elements) => cost(elements) < Number.POSITIVE_INFINITY);
      if (budget > 0) return sequence(any(possible));
      return sequence(possible.reduce((best, other) => (cost(other) < cost(best) ? other : best)));
    };
    const element = (one: GbnfElement): string => {
      switch (one.kind) {
        case 'set':
          budget--;
          return character(one, random);
        case 'rule':
          return choose(grammar.get(one.name) ?? []);
        case 'group':
          return choose(one.alternatives);
        case 'repeat': {
          const most = budget > 0 ? (one.max ?? one.min + 8) : one.min;
          const count = Math.min(most, random() < 0.1 ? most : one.min + Math.floor(random() * 6));
          let text = '';
          for (let done = 0; done < Math.max(count, one.min); done++) text += element(one.element);
          return text;
        }
      }
    };
    return choose(grammar.get('root') ?? []);
  };
}

function character({ negated, ranges }: Extract<GbnfElement, { kind: 'set' }>, random: () => number): string {
  const pick = ([from, to]: readonly [number, number]) =>
    from + Math.floor(random() * Math.min(to - from + 1, 300));
  if (!negated) {
    const range = ranges[Math.floor(random() * ranges.length)] ?? [0x20, 0x20];
    return String.fromCodePoint(random() < 0.2 ? range[1] : pick(range));
  }
  for (;;) {
    const point = random() < 0.8 ? pick([0x20, 0x7e]) : pick([0x1f600, 0x1f64f]);
    if (!ranges.some(([from, to]) => from <= point && point <= to)) return String.fromCodePoint(point);
  }
}

function shortestLengths(grammar: Gbnf): Map<string, number> {
  const lengths = new Map<string, number>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const [name, alternatives] of grammar) {
      const length = Math.min(
        ...alternatives.map((elements) =>
          elements.reduce((sum, element) => sum + elementCost(lengths, element), 0),
        ),
      );
      if (length < (lengths.get(name) ?? Number.POSITIVE_INFINITY)) {
        lengths.set(name, length);
        changed = true;
      }
    }
  }
  return lengths;
}

function elementCost(lengths: ReadonlyMap<string, number>, element: GbnfElement): number {
  if (element.kind === 'set') return 1;
  if (element.kind === 'rule') return lengths.get(element.name) ?? Number.POSITIVE_INFINITY;
  if (element.kind === 'repeat')
    return element.min === 0 ? 0 : element.min * elementCost(lengths, element.element);
  return Math.min(
    ...element.alternatives.map((elements) =>
      elements.reduce((sum, one) => sum + elementCost(lengths, one), 0),
    ),
  );
}
