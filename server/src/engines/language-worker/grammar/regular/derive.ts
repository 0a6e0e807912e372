import { contains } from './code-points.ts';
import type { Language, LanguageSpace } from './language.ts';

/** What may follow after one character: the derivative (Brzozowski, 1964) of the language. */
export function derive(space: LanguageSpace, language: Language, point: number): Language {
  switch (language.kind) {
    case 'never':
    case 'empty':
      return space.never;
    case 'characters':
      return contains(language.set, point) ? space.empty : space.never;
    case 'sequence': {
      const through = space.sequence(derive(space, language.first, point), language.rest);
      return language.first.nullable ? space.either(through, derive(space, language.rest, point)) : through;
    }
    case 'either':
      return space.either(...language.of.map((part) => derive(space, part, point)));
    case 'both':
      return space.both(...language.of.map((part) => derive(space, part, point)));
    case 'not':
      return space.not(derive(space, language.of, point));
    case 'repeat': {
      const { of, min, max } = language;
      const left = space.repeat(of, Math.max(0, min - 1), max === null ? null : max - 1);
      return space.sequence(derive(space, of, point), left);
    }
    case 'multiple':
      return deriveMultiple(space, language.divisor, language.remainder, point);
  }
}

/** Whether the whole text is of the language; linear in the text, whatever the expression. */
export function matches(space: LanguageSpace, language: Language, text: string): boolean {
  let rest = language;
  for (const character of text) rest = derive(space, rest, character.codePointAt(0) ?? 0);
  return rest.nullable;
}

function deriveMultiple(space: LanguageSpace, divisor: number, remainder: number, point: number): Language {
  if (point === 0x2e) return space.multiple(divisor, remainder);
  if (point < 0x30 || point > 0x39) return space.never;
  return space.multiple(divisor, (remainder * 10 + point - 0x30) % divisor);
}

/** Adds the points at which the derivative may change: between two of them it is constant. */
export function collectBorders(language: Language, borders: Set<number>): void {
  switch (language.kind) {
    case 'never':
    case 'empty':
      return;
    case 'characters':
      for (const [from, to] of language.set) borders.add(from).add(to + 1);
      return;
    case 'sequence':
      collectBorders(language.first, borders);
      if (language.first.nullable) collectBorders(language.rest, borders);
      return;
    case 'either':
    case 'both':
      for (const part of language.of) collectBorders(part, borders);
      return;
    case 'not':
    case 'repeat':
      collectBorders(language.of, borders);
      return;
    case 'multiple':
      for (let point = 0x2e; point <= 0x3a; point++) borders.add(point);
      return;
  }
}
