import type { ToolCallParser } from './answer-part.ts';

/** The parser of answers without calls: all is text. */
export function createTextParser(): ToolCallParser {
  return {
    push: (text) => (text === '' ? [] : [{ kind: 'text', text }]),
    finish: () => [],
    cutOff: () => [],
  };
}
