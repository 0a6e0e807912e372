import { StringDecoder } from 'node:string_decoder';
import { refuseLargeEvent } from './event-limit.ts';

/** Feeds the `data` of each event to `take`, wherever the chunks are cut (WHATWG HTML, "Server-sent events"). */
export interface SseParser {
  /** Throws `engine.failed` when an event does not end. */
  push(chunk: Buffer): void;
}

export function createSseParser(take: (data: string) => void): SseParser {
  const decoder = new StringDecoder('utf8');
  /** The beginning of a line, in the parts in which it came: joined once, when its end is there. */
  let parts: string[] = [];
  let partsLength = 0;
  let data: string[] = [];
  let dataLength = 0;

  function line(text: string): void {
    if (text === '') {
      if (data.length > 0) take(data.join('\n'));
      data = [];
      dataLength = 0;
    } else if (text.startsWith('data:')) {
      const value = text.slice(text.charCodeAt(5) === 0x20 ? 6 : 5);
      data.push(value);
      dataLength += value.length + 1;
    }
  }

  function keep(part: string): void {
    if (part === '') return;
    parts.push(part);
    partsLength += part.length;
  }

  return {
    push(chunk) {
      const text = decoder.write(chunk);
      let from = 0;
      for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', from)) {
        keep(text.slice(from, at));
        const whole = parts.length === 1 && parts[0] !== undefined ? parts[0] : parts.join('');
        parts = [];
        partsLength = 0;
        line(whole.endsWith('\r') ? whole.slice(0, -1) : whole);
        from = at + 1;
      }
      keep(text.slice(from));
      refuseLargeEvent(partsLength + dataLength);
    },
  };
}
