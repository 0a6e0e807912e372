import type { Gbnf, GbnfElement, GbnfSequence } from './parse-gbnf.ts';

/** What is still to come, in order. */
type Stack = { readonly id: number; readonly head: GbnfElement; readonly rest: Stack } | null;

/** Whether the whole text is a sentence of the grammar; also how many alternatives stood open at most. */
export function matchGbnf(
  grammar: Gbnf,
  text: string,
): { readonly accepted: boolean; readonly widest: number } {
  const known = new Map<string, NonNullable<Stack>>();
  const elementIds = new Map<GbnfElement, number>();
  const repeats = new Map<string, GbnfElement>();
  const elementId = (element: GbnfElement) => {
    const id = elementIds.get(element) ?? elementIds.size;
    elementIds.set(element, id);
    return id;
  };
  const push = (head: GbnfElement, rest: Stack): Stack => {
    const key = `${elementId(head)} ${rest?.id ?? -1}`;
    const stack = known.get(key) ?? { id: known.size, head, rest };
    known.set(key, stack);
    return stack;
  };
  const pushAll = (elements: GbnfSequence, rest: Stack) =>
    elements.reduceRight<Stack>((tail, head) => push(head, tail), rest);
  const fewer = (element: GbnfElement, min: number, max: number | null): GbnfElement => {
    const key = `${elementId(element)} ${min} ${max}`;
    const made = repeats.get(key) ?? { kind: 'repeat', element, min, max };
    repeats.set(key, made);
    return made;
  };

  /** All stacks whose head is a set of characters, and `null` when the text may end. */
  const expand = (stacks: Iterable<Stack>): Set<Stack> => {
    const open = new Set<Stack>(stacks);
    const ready = new Set<Stack>();
    for (const stack of open) {
      if (stack === null || stack.head.kind === 'set') ready.add(stack);
      else for (const next of unfold(stack.head, stack.rest)) open.add(next);
    }
    return ready;
  };
  const unfold = (head: GbnfElement, rest: Stack): Stack[] => {
    if (head.kind === 'group') return head.alternatives.map((elements) => pushAll(elements, rest));
    if (head.kind === 'rule') {
      const alternatives = grammar.get(head.name);
      if (!alternatives) throw new Error(`no rule ${head.name}`);
      return alternatives.map((elements) => pushAll(elements, rest));
    }
    if (head.kind !== 'repeat') return [];
    const { element, min, max } = head;
    const ways: Stack[] = min === 0 ? [rest] : [];
    if (max === 0) return [rest];
    const left = fewer(element, Math.max(0, min - 1), max === null ? null : max - 1);
    return [...ways, push(element, push(left, rest))];
  };

  let stacks = expand([push({ kind: 'rule', name: 'root' }, null)]);
  let widest = stacks.size;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const next: Stack[] = [];
    for (const stack of stacks)
      if (stack?.head.kind === 'set' && accepts(stack.head, point)) next.push(stack.rest);
    stacks = expand(next);
    widest = Math.max(widest, stacks.size);
    if (stacks.size === 0) return { accepted: false, widest };
  }
  return { accepted: stacks.has(null), widest };
}

function accepts({ negated, ranges }: Extract<GbnfElement, { kind: 'set' }>, point: number): boolean {
  return ranges.some(([from, to]) => from <= point && point <= to) !== negated;
}
