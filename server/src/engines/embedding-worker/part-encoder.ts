import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { TextTokenizer } from './text-tokenizer.ts';

/** Texts beyond this many characters are read in parts of it. */
const partLength = 16_384;
/** A refusal tells the exact count up to here: reading 24 MB for it would take a processor from others for a second. */
const usuallyCountedLength = 262_144;

/** Special tokens that stand around one text. */
export interface SpecialTokens {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Reads texts in parts; `plain` gives the tokens of a part without special ones. */
export function createPartEncoder(
  plain: (text: string) => ArrayLike<number>,
  { before, after }: SpecialTokens,
): TextTokenizer['encode'] {
  return async (text, maxTokens, countedLength = usuallyCountedLength) => {
    const room = maxTokens - before.length - after.length;
    const kept: number[] = [];
    let count = 0;
    let read = 0;
    for (const part of partsOf(text)) {
      if (read > 0) await yieldToLoop();
      if (count > room && read >= countedLength) break;
      read += part.length;
      const ids = Array.from(plain(part));
      count += ids.length;
      if (kept.length < room) kept.push(...ids.slice(0, room - kept.length));
    }
    return {
      ids: [...before, ...kept, ...after],
      count: count + before.length + after.length,
      whole: read === text.length,
    };
  };
}

/** Parts that end before white space, where there is any: tokenizers split there anyway. */
function* partsOf(text: string): Generator<string> {
  let from = 0;
  while (text.length - from > partLength) {
    const window = text.slice(from, from + partLength);
    const space = Math.max(window.lastIndexOf(' '), window.lastIndexOf('\n'));
    const end = from + (space > 0 ? space : partLength);
    // Never between the halves of a surrogate pair.
    const whole = isHighSurrogate(text.charCodeAt(end - 1)) ? end - 1 : end;
    yield text.slice(from, whole);
    from = whole;
  }
  yield text.slice(from);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
