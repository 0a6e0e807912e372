import { setImmediate } from 'node:timers/promises';
import { SamovarError } from '../../kernel/errors.ts';
import type { Vocabulary } from './vocabulary.ts';

const sliceLength = 64 * 1024;
const countedLength = 16 * sliceLength;

/**
 * Refuses a text that cannot fit, without reading it in one go: a tokenizer takes a second for a few megabytes, and
 * every running stream would stand still meanwhile. The count is exact but for the borders of slices, and beyond a
 * megabyte it is extrapolated.
 */
export async function refuseOversizedText(
  text: string,
  vocabulary: Vocabulary,
  contextTokens: number,
): Promise<void> {
  if (text.length < contextTokens * vocabulary.longestToken) return;
  let tokens = 0;
  const counted = Math.min(text.length, countedLength);
  for (let at = 0; at < counted; at += sliceLength) {
    tokens += vocabulary.encodePlain(text.slice(at, Math.min(at + sliceLength, counted))).length;
    await setImmediate();
  }
  const estimate = Math.round(tokens * (text.length / counted));
  const promptTokens = counted === text.length ? estimate : `about ${estimate}`;
  throw new SamovarError('engine.context_exceeded', { params: { promptTokens, contextTokens } });
}
