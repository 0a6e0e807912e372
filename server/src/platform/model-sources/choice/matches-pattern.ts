import { matchesStars } from '../../../kernel/matches-stars.ts';

/** More words than these in braces are no choice of files. */
const mostPatterns = 64;

/**
 * The paths that a pattern names: `*` stands for any characters but `/`, `**` for any folders, `{a,b}` for either.
 * Patterns and paths are somebody else's: neither makes this take long. `null`: the pattern names too many at once.
 */
export function patternMatcher(pattern: string): ((path: string) => boolean) | null {
  const patterns = withoutBraces(pattern)?.map((each) => each.split('/'));
  if (patterns === undefined) return null;
  return (path) => {
    const parts = path.split('/');
    return patterns.some((each) => namesPath(each, parts));
  };
}

/** One pattern for each choice in braces; `undefined` when there are too many. */
function withoutBraces(pattern: string): readonly string[] | undefined {
  let patterns = [pattern];
  for (;;) {
    const next = patterns.flatMap(firstChoice);
    if (next.length > mostPatterns) return undefined;
    if (next.every((each, at) => each === patterns[at])) return patterns;
    patterns = next;
  }
}

function firstChoice(pattern: string): readonly string[] {
  const found = /\{([^{},]*(?:,[^{},]*)+)\}/.exec(pattern);
  if (found === null) return [pattern];
  const [before, after] = [pattern.slice(0, found.index), pattern.slice(found.index + found[0].length)];
  return (found[1] ?? '').split(',', mostPatterns + 1).map((choice) => `${before}${choice}${after}`);
}

function namesPath(pattern: readonly string[], parts: readonly string[]): boolean {
  /** How many parts of the path may have been named by now. */
  let places = new Set([0]);
  for (const wanted of pattern) {
    const next = new Set<number>();
    if (wanted === '**') {
      for (let at = Math.min(...places); at <= parts.length; at += 1) next.add(at);
    } else
      for (const at of places) {
        const part = parts[at];
        if (part !== undefined && matchesStars(wanted, part)) next.add(at + 1);
      }
    if (next.size === 0) return false;
    places = next;
  }
  return places.has(parts.length);
}
