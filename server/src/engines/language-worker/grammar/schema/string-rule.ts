import { buildAutomaton } from '../regular/automaton.ts';
import { jsonCharacters } from '../regular/emit-automaton.ts';
import type { Language, LanguageSpace } from '../regular/language.ts';
import { anyCharacter } from '../regular/language-space.ts';
import { patternLanguage } from '../regular/pattern-language.ts';
import { PatternError } from '../regular/pattern-node.ts';
import { repeatRule } from '../repeat-rule.ts';
import { languageRule } from './language-rule.ts';
import type { SchemaContext } from './schema-context.ts';
import { impossible, unsupported } from './schema-error.ts';
import type { StringShape } from './shape.ts';
import { descriptiveFormats, impliedPatterns, stringFormats } from './string-formats.ts';

/** Beyond this, whether a format and a pattern contradict each other is left open. */
const maxCheckedStates = 4_000;
const maxMinLength = 1_000_000;

/** An expression for the JSON strings of a shape. */
export function stringRule(context: SchemaContext, shape: StringShape, hint: string): string {
  const [min, max] = lengthBounds(shape);
  const language = contentLanguage(context.space, shape);
  if (language === context.space.all) {
    if (min === 0 && max === null) return 'string';
    return `"\\"" ${repeatRule(context.rules, 'char', min, max)} "\\""`;
  }
  const pointer = shape.patterns[0]?.pointer ?? shape.formats[0]?.pointer ?? '';
  const bounded = context.space.both(language, lengthLanguage(context.space, min, max));
  const content = languageRule(context, bounded, { pointer, hint, write: jsonCharacters });
  return `"\\"" ${content} "\\""`;
}

/** The texts that a shape allows. */
export function stringLanguage(space: LanguageSpace, shape: StringShape): Language {
  const [min, max] = lengthBounds(shape);
  return space.both(contentLanguage(space, shape), lengthLanguage(space, min, max));
}

function lengthBounds({ minLength, maxLength }: StringShape): [number, number | null] {
  const min = minLength?.value ?? 0;
  if (minLength && min > maxMinLength) throw unsupported(minLength.pointer, 'no answer is that long');
  if (maxLength && maxLength.value < min) {
    throw impossible(maxLength.pointer, `${maxLength.value} is less than the minimum of ${min}`);
  }
  return [min, maxLength?.value ?? null];
}

function lengthLanguage(space: LanguageSpace, min: number, max: number | null): Language {
  return min === 0 && max === null ? space.all : space.repeat(anyCharacter(space), min, max);
}

/**
 * Patterns and formats together. A format is a note beside a pattern when both together allow nothing: schema
 * libraries write `format: "time"` beside the pattern of a time without offset.
 */
function contentLanguage(space: LanguageSpace, shape: StringShape): Language {
  const known = shape.formats.some(({ format }) => Object.hasOwn(stringFormats, format));
  const telling = shape.patterns.filter(({ pattern }) => !(known && impliedPatterns.has(pattern)));
  const patterns = telling.map(({ pattern, pointer }) => readPattern(space, pattern, pointer));
  const byPattern = space.both(...patterns);
  const formats = shape.formats.flatMap(({ format, pointer }) => {
    const pattern = Object.hasOwn(stringFormats, format) ? stringFormats[format] : undefined;
    if (pattern !== undefined) return [readPattern(space, pattern, pointer)];
    if (patterns.length > 0 || descriptiveFormats.has(format)) return [];
    throw unsupported(pointer, `the format "${format}" is not known; give a pattern`);
  });
  const together = space.both(byPattern, ...formats);
  if (patterns.length === 0 || formats.length === 0) return together;
  return buildAutomaton(space, together, maxCheckedStates)?.length === 0 ? byPattern : together;
}

function readPattern(space: LanguageSpace, pattern: string, pointer: string): Language {
  try {
    return patternLanguage(space, pattern);
  } catch (error) {
    if (error instanceof PatternError) throw unsupported(pointer, error.message);
    throw error;
  }
}
