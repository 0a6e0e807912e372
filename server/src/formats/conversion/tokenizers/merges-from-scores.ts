const normal = 1;

/**
 * The pairs of a SentencePiece vocabulary, the one to be joined first in front: each piece from every two pieces that
 * make it up, ordered by its score, as `tokenizer.json` has them.
 */
export function mergesFromScores(
  texts: readonly string[],
  types: readonly number[],
  scores: readonly number[],
): [string, string][] {
  const known = new Map(texts.map((text, id) => [text, id]));
  const merges: {
    readonly pair: [string, string];
    readonly score: number;
    readonly ids: [number, number];
  }[] = [];
  for (const [id, text] of texts.entries()) {
    if ((types[id] ?? normal) !== normal) continue;
    for (const at of boundariesOf(text)) {
      const pair: [string, string] = [text.slice(0, at), text.slice(at)];
      const [left, right] = [known.get(pair[0]), known.get(pair[1])];
      if (left !== undefined && right !== undefined)
        merges.push({ pair, score: scores[id] ?? 0, ids: [left, right] });
    }
  }
  merges.sort((a, b) => b.score - a.score || a.ids[0] - b.ids[0] || a.ids[1] - b.ids[1]);
  return merges.map(({ pair }) => pair);
}

/** Where a text may be split: never between the halves of one character. */
function boundariesOf(text: string): number[] {
  const boundaries: number[] = [];
  let at = 0;
  for (const character of text) {
    if (at > 0) boundaries.push(at);
    at += character.length;
  }
  return boundaries;
}
