import { SamovarError } from '../../../kernel/errors.ts';
import type { AnswerTarget } from '../answer-reader.ts';
import { parseObject } from '../json-object.ts';
import { eventError } from '../worker-error.ts';

const border = Buffer.from('\n\n');

/**
 * Looks whether each event of a foreign engine's stream, forwarded untouched, is a JSON object or `[DONE]`, and none is
 * an error, in whichever form. What came before one that is not is handed on; then it throws what is wrong. Whole
 * events are expected in each part.
 */
export function requireEventsInBytes(target: AnswerTarget): AnswerTarget {
  return {
    bytes(chunk) {
      let from = 0;
      for (let end = chunk.indexOf(border); end !== -1; end = chunk.indexOf(border, from)) {
        if (!isAnswer(chunk.toString('latin1', from, end))) {
          if (from > 0) target.bytes(chunk.subarray(0, from));
          throw faultOf(chunk.toString('utf8', from, end));
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
function isAnswer(text: string): boolean {
  const data = dataOf(text);
  if (data === '' || data === '[DONE]') return true;
  const event = parseObject(data);
  return event !== null && (event.error === undefined || event.error === null) && event.object !== 'error';
}

function faultOf(text: string): SamovarError {
  const event = parseObject(dataOf(text));
  return (event && eventError(event)) ?? noEvent();
}

/** The data of an event; empty for comments, which proxies send to keep a connection open. */
function dataOf(text: string): string {
  if (text.startsWith('data: ') && !text.includes('\n')) return text.slice(6);
  return text
    .split('\n')
    .flatMap((line) => (line.startsWith('data:') ? [line.slice(line[5] === ' ' ? 6 : 5)] : []))
    .join('\n');
}
