import { propertyCharacters } from './character-classes.ts';
import type { CodePoints } from './code-points.ts';
import { PatternError } from './pattern-node.ts';

/** Each costs a walk through all of Unicode. */
const maxProperties = 8;

/** Reads a pattern character by character (whole code points). */
export interface PatternReader {
  /** The next character without taking it; `''` at the end. */
  peek(ahead?: number): string;
  take(): string;
  /** Takes the text when it comes next. */
  skip(text: string): boolean;
  /** Takes what a sticky expression matches here, or nothing. */
  match(expression: RegExp): RegExpExecArray | null;
  fail(reason: string): PatternError;
  /** The characters of a Unicode property; `null` when there is no such property. */
  property(name: string): CodePoints | null;
}

export function createPatternReader(
  pattern: string,
  properties: Map<string, CodePoints | null>,
): PatternReader {
  let at = 0;
  const peek = (ahead = 0) => {
    const point = pattern.codePointAt(at + ahead);
    return point === undefined ? '' : String.fromCodePoint(point);
  };
  return {
    peek,
    take() {
      const character = peek();
      at += character.length;
      return character;
    },
    skip(text) {
      if (!pattern.startsWith(text, at)) return false;
      at += text.length;
      return true;
    },
    match(expression) {
      const sticky = new RegExp(expression.source, 'uy');
      sticky.lastIndex = at;
      const found = sticky.exec(pattern);
      if (found) at += found[0].length;
      return found;
    },
    property(name) {
      const known = properties.get(name);
      if (known !== undefined) return known;
      if (properties.size >= maxProperties) throw new PatternError('too many Unicode properties');
      const set = propertyCharacters(name);
      properties.set(name, set);
      return set;
    },
    fail: (reason) => new PatternError(`${reason} (at character ${at + 1})`),
  };
}
