import type { SamovarError } from '../../../kernel/errors.ts';

/** Grows a grammar rule by rule. Equal bodies under one hint become one rule. */
export interface GrammarRules {
  /** Adds a rule and returns its name; the hint makes grammars readable. */
  add(hint: string, body: string): string;
  /** A name for a rule whose body comes later: recursion. */
  reserve(hint: string): string;
  define(name: string, body: string): void;
  /** The grammar with this body as its root. */
  text(rootBody: string): string;
}

const maxRules = 30_000;
const maxTextLength = 4_000_000;

/**
 * @param tooLarge makes the error for a grammar beyond the bounds within which the engine still reads it fast.
 */
export function createGrammarRules(tooLarge: () => SamovarError): GrammarRules {
  const bodies = new Map<string, string>();
  const known = new Map<string, string>();
  let textLength = 0;

  const reserve = (hint: string) => {
    if (bodies.size >= maxRules) throw tooLarge();
    const name = `${hint
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 24)}-${bodies.size}`;
    bodies.set(name, '""');
    return name;
  };
  const define = (name: string, body: string) => {
    textLength += name.length + body.length;
    if (textLength > maxTextLength) throw tooLarge();
    // A rule without any body would run on into the next line.
    bodies.set(name, body === '' ? '""' : body);
  };
  return {
    reserve,
    define,
    add(hint, body) {
      const found = known.get(body);
      if (found) return found;
      const name = reserve(hint);
      define(name, body);
      known.set(body, name);
      return name;
    },
    text: (rootBody) =>
      [`root ::= ${rootBody}`, ...Array.from(bodies, ([name, body]) => `${name} ::= ${body}`)].join('\n'),
  };
}
