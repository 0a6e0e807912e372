import { setImmediate } from 'node:timers/promises';
import { joinTokens } from './join-tokens.ts';
import type { Vocabulary } from './vocabulary.ts';

const sliceLength = 64 * 1024;

/**
 * The tokens of a plain text, read in slices between which others get their turn: a tokenizer takes a second for a few
 * megabytes. Slices end where the vocabulary parts texts anyway, so the tokens are those of the whole; a text without
 * such a place, or a vocabulary that never does so, is read in one go.
 */
export async function encodeInSlices(vocabulary: Vocabulary, text: string): Promise<Uint32Array> {
  if (text.length <= sliceLength || !vocabulary.partsWords) return vocabulary.encodePlain(text);
  const parts: Uint32Array[] = [];
  for (let from = 0; from < text.length; ) {
    const to = endOfSlice(text, from);
    parts.push(vocabulary.encodePlain(text.slice(from, to)));
    from = to;
    await setImmediate();
  }
  return joinTokens(parts);
}

/** One space between two letters: it begins the second word, whatever the rules for anything else are. */
const betweenWords = /\p{L} (?=\p{L})/gu;

function endOfSlice(text: string, from: number): number {
  if (text.length - from <= sliceLength) return text.length;
  betweenWords.lastIndex = from + sliceLength;
  const found = betweenWords.exec(text);
  return found === null ? text.length : found.index + found[0].length - 1;
}
