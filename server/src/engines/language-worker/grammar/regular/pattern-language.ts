import type { Language, LanguageSpace } from './language.ts';
import { anyCharacter } from './language-space.ts';
import { parsePattern } from './parse-pattern.ts';
import { PatternError, type PatternNode } from './pattern-node.ts';

/**
 * The texts in which a regular expression finds something, anchors and lookaheads included. What follows a node
 * is handed down with it (continuation-passing), so that a lookahead can be intersected with it.
 * @throws PatternError for what is malformed or not supported.
 */
export function patternLanguage(space: LanguageSpace, pattern: string): Language {
  const node = parsePattern(pattern, space.properties);
  const fromStart = follow(space, node, space.all, true);
  const later = follow(space, node, space.all, false);
  return space.either(fromStart, space.sequence(anyCharacter(space), space.all, later));
}

function follow(space: LanguageSpace, node: PatternNode, next: Language, atStart: boolean): Language {
  switch (node.kind) {
    case 'set':
      return space.sequence(space.characters(node.set), next);
    case 'start':
      return atStart ? next : space.never;
    case 'end':
      return space.both(space.empty, next);
    case 'sequence':
      return followSequence(space, node.parts, next, atStart);
    case 'either':
      return space.either(...node.parts.map((part) => follow(space, part, next, atStart)));
    case 'look-ahead': {
      const ahead = follow(space, node.part, space.all, atStart);
      return space.both(node.negative ? space.not(ahead) : ahead, next);
    }
    case 'repeat':
      return followRepeat(space, node, next, atStart);
  }
}

function followSequence(
  space: LanguageSpace,
  parts: readonly PatternNode[],
  next: Language,
  atStart: boolean,
): Language {
  const starts: boolean[] = [];
  let still = atStart;
  for (const part of parts) {
    if (still && holdsStart(part) && starts.length > 0 && !parts.slice(0, starts.length).every(isAssertion)) {
      throw new PatternError('^ behind something that may be empty is not supported');
    }
    starts.push(still);
    if (!isAssertion(part) && !canBeEmpty(part)) still = false;
  }
  return parts.reduceRight((rest, part, index) => follow(space, part, rest, starts[index] === true), next);
}

function followRepeat(
  space: LanguageSpace,
  node: Extract<PatternNode, { kind: 'repeat' }>,
  next: Language,
  atStart: boolean,
): Language {
  const { part, min, max } = node;
  if (!holdsAssertion(part)) {
    return space.sequence(space.repeat(follow(space, part, space.empty, false), min, max), next);
  }
  if (max === 0) return next;
  if (max !== 1) throw new PatternError('anchors and lookaheads inside a repetition are not supported');
  const once = follow(space, part, next, atStart);
  return min === 1 ? once : space.either(once, next);
}

function isAssertion(node: PatternNode): boolean {
  return node.kind === 'start' || node.kind === 'look-ahead';
}

function holdsAssertion(node: PatternNode): boolean {
  return some(node, (inner) => isAssertion(inner) || inner.kind === 'end');
}

function holdsStart(node: PatternNode): boolean {
  return some(node, ({ kind }) => kind === 'start');
}

function some(node: PatternNode, holds: (node: PatternNode) => boolean): boolean {
  if (holds(node)) return true;
  if (node.kind === 'sequence' || node.kind === 'either') return node.parts.some((part) => some(part, holds));
  return (node.kind === 'repeat' || node.kind === 'look-ahead') && some(node.part, holds);
}

function canBeEmpty(node: PatternNode): boolean {
  if (node.kind === 'set') return false;
  if (node.kind === 'sequence') return node.parts.every(canBeEmpty);
  if (node.kind === 'either') return node.parts.some(canBeEmpty);
  return node.kind !== 'repeat' || node.min === 0 || canBeEmpty(node.part);
}
