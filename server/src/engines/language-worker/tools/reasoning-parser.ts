import type { AnswerPart, ToolCallParser } from './answer-part.ts';

const open = '<think>';
const close = '</think>';

/**
 * Takes the reasoning at the beginning of an answer (`<think>…</think>`) apart and hands the rest to the next parser.
 * @param begins where the prompt left off: templates of some models open the reasoning themselves.
 */
export function createReasoningParser(next: ToolCallParser, begins: 'answer' | 'reasoning'): ToolCallParser {
  let place: 'before' | 'inside' | 'behind' | 'answer' = begins === 'reasoning' ? 'inside' : 'before';
  let held = '';

  const read = (character: string): AnswerPart[] => {
    if (place === 'answer') return next.push(character);
    held += character;
    if (place === 'before') {
      const word = held.trimStart();
      if (word === open) return turn('inside');
      return open.startsWith(word) ? [] : giveToNext();
    }
    if (place === 'behind') return held.trim() === '' ? [] : giveToNext();
    // Inside: all but a possible beginning of the closing tag is reasoning.
    if (held.endsWith(close)) {
      const reasoning = held.slice(0, -close.length);
      turn('behind');
      return reasoning === '' ? [] : [{ kind: 'reasoning', text: reasoning }];
    }
    const safe = held.length - possibleStart(held);
    const reasoning = held.slice(0, safe);
    held = held.slice(safe);
    return reasoning === '' ? [] : [{ kind: 'reasoning', text: reasoning }];
  };
  const turn = (to: typeof place): AnswerPart[] => {
    place = to;
    held = '';
    return [];
  };
  const giveToNext = (): AnswerPart[] => {
    const text = held;
    turn('answer');
    return next.push(text);
  };

  const end = (endNext: () => AnswerPart[]): AnswerPart[] => {
    if (place === 'inside')
      return held === '' ? endNext() : [{ kind: 'reasoning', text: held }, ...endNext()];
    const rest = place === 'before' ? next.push(held) : [];
    return joinParts([...rest, ...endNext()]);
  };

  return {
    push: (text) => joinParts(Array.from(text, read).flat()),
    finish: () => end(next.finish),
    cutOff: () => end(next.cutOff),
  };
}

/** How many characters at the end could be the beginning of the closing tag. */
function possibleStart(text: string): number {
  for (let length = Math.min(close.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(close.slice(0, length))) return length;
  }
  return 0;
}

/** Joins neighbours of one kind. */
export function joinParts(parts: readonly AnswerPart[]): AnswerPart[] {
  const joined: AnswerPart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.kind === 'text' && last?.kind === 'text')
      joined[joined.length - 1] = { ...part, text: last.text + part.text };
    else if (part.kind === 'reasoning' && last?.kind === 'reasoning') {
      joined[joined.length - 1] = { ...part, text: last.text + part.text };
    } else if (
      part.kind === 'tool-call-arguments' &&
      last?.kind === 'tool-call-arguments' &&
      last.index === part.index
    ) {
      joined[joined.length - 1] = { ...part, delta: last.delta + part.delta };
    } else joined.push(part);
  }
  return joined;
}
