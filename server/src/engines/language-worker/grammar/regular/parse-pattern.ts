import { notLineEnds } from './character-classes.ts';
import { type CodePoints, codePoints, complement } from './code-points.ts';
import { parseEscape } from './parse-escape.ts';
import type { PatternNode } from './pattern-node.ts';
import { createPatternReader, type PatternReader } from './pattern-reader.ts';

const maxDepth = 100;

/**
 * Parses a regular expression of ECMAScript with the flag `u`, as JSON Schema prescribes; the named groups of
 * Python and Rust are understood too.
 * @param properties keeps sets of Unicode properties from one pattern to the next.
 * @throws PatternError for what is malformed or describes no regular language.
 */
export function parsePattern(
  pattern: string,
  properties: Map<string, CodePoints | null> = new Map(),
): PatternNode {
  const reader = createPatternReader(pattern, properties);
  const node = parseEither(reader, 0);
  if (reader.peek() !== '') throw reader.fail('unmatched )');
  return node;
}

function parseEither(reader: PatternReader, depth: number): PatternNode {
  if (depth > maxDepth) throw reader.fail('nested too deeply');
  const parts = [parseSequence(reader, depth)];
  while (reader.skip('|')) parts.push(parseSequence(reader, depth));
  return parts.length === 1 && parts[0] ? parts[0] : { kind: 'either', parts };
}

function parseSequence(reader: PatternReader, depth: number): PatternNode {
  const parts: PatternNode[] = [];
  while (!['', '|', ')'].includes(reader.peek())) parts.push(parseQuantified(reader, depth));
  return parts.length === 1 && parts[0] ? parts[0] : { kind: 'sequence', parts };
}

function parseQuantified(reader: PatternReader, depth: number): PatternNode {
  const part = parseAtom(reader, depth);
  const bounds = parseQuantifier(reader);
  if (!bounds) return part;
  // A lazy quantifier changes which match is found, not which texts match.
  reader.skip('?');
  if (/^[*+?{]$/.test(reader.peek())) throw reader.fail('nothing to repeat');
  return { kind: 'repeat', part, ...bounds };
}

function parseQuantifier(reader: PatternReader): { min: number; max: number | null } | null {
  if (reader.skip('*')) return { min: 0, max: null };
  if (reader.skip('+')) return { min: 1, max: null };
  if (reader.skip('?')) return { min: 0, max: 1 };
  const counted = reader.match(/\{(\d+)(,(\d*))?\}/);
  if (!counted) return null;
  const min = Number(counted[1]);
  const max = counted[2] === undefined ? min : counted[3] ? Number(counted[3]) : null;
  if (max !== null && max < min) throw reader.fail('the bounds of a repetition are out of order');
  return { min, max };
}

function parseAtom(reader: PatternReader, depth: number): PatternNode {
  const character = reader.take();
  switch (character) {
    case '^':
      return { kind: 'start' };
    case '$':
      return { kind: 'end' };
    case '.':
      return { kind: 'set', set: notLineEnds };
    case '[':
      return { kind: 'set', set: parseClass(reader) };
    case '(':
      return parseGroup(reader, depth);
    case '\\':
      if (/^[bB]$/.test(reader.peek())) throw reader.fail('word borders are not supported');
      return { kind: 'set', set: parseEscape(reader) };
    case '*':
    case '+':
    case '?':
    case '{':
      throw reader.fail('nothing to repeat');
    default: {
      const point = character.codePointAt(0) ?? 0;
      return { kind: 'set', set: [[point, point]] };
    }
  }
}

function parseGroup(reader: PatternReader, depth: number): PatternNode {
  const ahead = reader.match(/\?([=!])/);
  if (!ahead && reader.match(/\?<[=!]/)) throw reader.fail('looking behind is not supported');
  if (!ahead && !reader.match(/\?:|\?P?<[\p{L}_$][\p{L}\p{N}_$]*>/u) && reader.peek() === '?') {
    throw reader.fail('this kind of group is not supported');
  }
  const part = parseEither(reader, depth + 1);
  if (!reader.skip(')')) throw reader.fail('a group is not closed');
  return ahead ? { kind: 'look-ahead', part, negative: ahead[1] === '!' } : part;
}

function parseClass(reader: PatternReader): CodePoints {
  const negated = reader.skip('^');
  const ranges: [number, number][] = [];
  while (!reader.skip(']')) {
    const set = parseClassItem(reader);
    const from = set[0]?.[0];
    if (reader.peek() === '-' && reader.peek(1) !== ']' && isSingle(set) && from !== undefined) {
      reader.take();
      const end = parseClassItem(reader);
      const to = end[0]?.[1];
      if (!isSingle(end) || to === undefined) throw reader.fail('a range needs a character at its end');
      if (to < from) throw reader.fail('a range is out of order');
      ranges.push([from, to]);
    } else {
      for (const [low, high] of set) ranges.push([low, high]);
    }
  }
  const set = codePoints(ranges);
  return negated ? complement(set) : set;
}

function parseClassItem(reader: PatternReader): CodePoints {
  const character = reader.take();
  if (character === '') throw reader.fail('a class is not closed');
  if (character === '\\') return reader.skip('b') ? [[8, 8]] : parseEscape(reader);
  const point = character.codePointAt(0) ?? 0;
  return [[point, point]];
}

function isSingle(set: CodePoints): boolean {
  return set.length === 1 && set[0]?.[0] === set[0]?.[1];
}
