import { SamovarError } from '../../../kernel/errors.ts';
import type { AnswerTarget } from '../answer-reader.ts';

const border = Buffer.from('\n\n');

/**
 * Looks whether each event of a foreign engine's stream, forwarded untouched, is a JSON object or `[DONE]`. What came
 * before one that is not is handed on; then it throws `engine.failed`. Whole events are expected in each part.
 */
export function requireEventsInBytes(target: AnswerTarget): AnswerTarget {
  return {
    bytes(chunk) {
      let from = 0;
      for (let end = chunk.indexOf(border); end !== -1; end = chunk.indexOf(border, from)) {
        if (!isEvent(chunk.toString('latin1', from, end))) {
          if (from > 0) target.bytes(chunk.subarray(0, from));
          throw noEvent();
        }
        from = end + border.length;
      }
      return target.bytes(chunk);
    },
    object: (value) => target.object(value),
  };
}

/** `engine.failed` for an event that no client could read. */
export function noEvent(): SamovarError {
  return new SamovarError('engine.failed', { cause: new Error('an event of the stream is no JSON object') });
}

/** Bytes as Latin-1 suffice: whatever is not ASCII stands inside of JSON strings, where any character may. */
function isEvent(text: string): boolean {
  const data = text.startsWith('data: ') && !text.includes('\n') ? text.slice(6) : dataOf(text);
  if (data === '' || data === '[DONE]') return true;
  try {
    const value: unknown = JSON.parse(data);
    return value !== null && typeof value === 'object' && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** The data of an event of several lines; empty for comments, which proxies send to keep a connection open. */
function dataOf(text: string): string {
  return text
    .split('\n')
    .flatMap((line) => (line.startsWith('data:') ? [line.slice(line[5] === ' ' ? 6 : 5)] : []))
    .join('\n');
}
