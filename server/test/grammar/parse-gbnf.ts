/** A grammar as llama.cpp reads it, for the sampler and the matcher of the tests. */
export type GbnfElement =
  | {
      readonly kind: 'set';
      readonly negated: boolean;
      readonly ranges: readonly (readonly [number, number])[];
    }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'group'; readonly alternatives: readonly GbnfSequence[] }
  | {
      readonly kind: 'repeat';
      readonly element: GbnfElement;
      readonly min: number;
      readonly max: number | null;
    };

export type GbnfSequence = readonly GbnfElement[];
export type Gbnf = ReadonlyMap<string, readonly GbnfSequence[]>;

/** Parses a grammar whose rules take one line each. */
export function parseGbnf(text: string): Gbnf {
  return new Map(
    text.split('\n').map((line) => {
      const [name = '', body = ''] = line.split(/ ::= ?(.*)/s);
      // llama.cpp reads on into the next line here.
      if (body === '' || body.trim().endsWith('|')) throw new Error(`nothing follows: ${line}`);
      return [name, parseBody(body)];
    }),
  );
}

function parseBody(body: string): readonly GbnfSequence[] {
  let at = 0;
  const blank = () => {
    while (body[at] === ' ') at++;
  };
  const point = (): number => {
    const escaped = /\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/y;
    escaped.lastIndex = at;
    const found = escaped.exec(body);
    if (!found) {
      const value = body.codePointAt(at) ?? 0;
      at += value > 0xffff ? 2 : 1;
      return value;
    }
    at += found[0].length;
    const hex = found[1] ?? found[2] ?? found[3];
    if (hex) return Number.parseInt(hex, 16);
    const letter = found[4] ?? '';
    const control = { t: 9, r: 13, n: 10 }[letter];
    if (control !== undefined) return control;
    if (!'\\"[]-'.includes(letter)) throw new Error(`unknown escape \\${letter} in ${body}`);
    return letter.codePointAt(0) ?? 0;
  };
  const alternatives = (): GbnfSequence[] => {
    const found: GbnfSequence[] = [sequence()];
    while (body[at] === '|') {
      at++;
      found.push(sequence());
    }
    return found;
  };
  const sequence = (): GbnfSequence => {
    const elements: GbnfElement[] = [];
    for (blank(); at < body.length && body[at] !== '|' && body[at] !== ')'; blank()) {
      const before = elements.length;
      elements.push(...atom());
      quantifiers(elements, before);
    }
    return elements;
  };
  const atom = (): GbnfElement[] => {
    const character = body[at];
    if (character === '"') return literal();
    if (character === '[') return [set()];
    if (character === '(') {
      at++;
      const element: GbnfElement = { kind: 'group', alternatives: alternatives() };
      if (body[at++] !== ')') throw new Error(`unclosed group in ${body}`);
      return [element];
    }
    const name = /[A-Za-z0-9-]+/y;
    name.lastIndex = at;
    const found = name.exec(body);
    if (!found) throw new Error(`unexpected ${character} in ${body}`);
    at += found[0].length;
    return [{ kind: 'rule', name: found[0] }];
  };
  const literal = (): GbnfElement[] => {
    const elements: GbnfElement[] = [];
    at++;
    while (body[at] !== '"') {
      const value = point();
      elements.push({ kind: 'set', negated: false, ranges: [[value, value]] });
    }
    at++;
    return elements;
  };
  const set = (): GbnfElement => {
    at++;
    const negated = body[at] === '^';
    if (negated) at++;
    const ranges: [number, number][] = [];
    while (body[at] !== ']') {
      const from = point();
      if (body[at] === '-' && body[at + 1] !== ']') {
        at++;
        ranges.push([from, point()]);
      } else ranges.push([from, from]);
    }
    at++;
    return { kind: 'set', negated, ranges };
  };
  const quantifiers = (elements: GbnfElement[], before: number) => {
    const quantifier = /\*|\+|\?|\{(\d+)(,(\d*))?\}/y;
    quantifier.lastIndex = at;
    const found = quantifier.exec(body);
    if (!found) return;
    at += found[0].length;
    const repeated = elements.splice(before);
    const element: GbnfElement =
      repeated.length === 1 && repeated[0] ? repeated[0] : { kind: 'group', alternatives: [repeated] };
    const [min, max] = bounds(found);
    if (min > 2000 || (max ?? 0) > 2000) throw new Error(`too many repetitions: ${found[0]}`);
    elements.push({ kind: 'repeat', element, min, max });
  };
  const parsed = alternatives();
  if (at < body.length) throw new Error(`unexpected ${body.slice(at)} in ${body}`);
  return parsed;
}

function bounds(found: RegExpExecArray): [number, number | null] {
  if (found[0] === '*') return [0, null];
  if (found[0] === '+') return [1, null];
  if (found[0] === '?') return [0, 1];
  const min = Number(found[1]);
  return [min, found[2] === undefined ? min : found[3] ? Number(found[3]) : null];
}
