/** Grammars by what they were made from. */
export interface GrammarCache {
  /** The grammar made from these JSON values before, or the one that `make` makes now. Errors are not kept. */
  keep(from: readonly unknown[], make: () => string): string;
}

export interface GrammarCacheBounds {
  readonly entries: number;
  /** Characters of grammars and of what they were made from, together. */
  readonly characters: number;
}

/**
 * Keeps the grammars used last: making one from a large schema takes up to a second, in which every stream of the
 * worker stands still, and clients send the same schemas again and again.
 */
export function createGrammarCache(
  bounds: GrammarCacheBounds = { entries: 64, characters: 16_000_000 },
): GrammarCache {
  const kept = new Map<string, string>();
  let characters = 0;
  const drop = (key: string, grammar: string) => {
    if (kept.delete(key)) characters -= key.length + grammar.length;
  };
  return {
    keep(from, make) {
      const key = keyOf(from);
      if (key === null) return make();
      const found = kept.get(key);
      const grammar = found ?? make();
      if (found !== undefined) drop(key, found);
      kept.set(key, grammar);
      characters += key.length + grammar.length;
      for (const [oldKey, old] of kept) {
        if (kept.size <= bounds.entries && characters <= bounds.characters) break;
        drop(oldKey, old);
      }
      return grammar;
    },
  };
}

/** `null` for values nested too deeply to be written down. */
function keyOf(from: readonly unknown[]): string | null {
  try {
    return JSON.stringify(from);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
