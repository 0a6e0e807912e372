import { StringDecoder } from 'node:string_decoder';

/** Feeds the `data` of each event to `take`, wherever the chunks are cut (WHATWG HTML, "Server-sent events"). */
export interface SseParser {
  push(chunk: Buffer): void;
}

export function createSseParser(take: (data: string) => void): SseParser {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let data: string | null = null;

  function line(text: string): void {
    if (text === '') {
      if (data !== null) take(data);
      data = null;
    } else if (text.startsWith('data:')) {
      const value = text.slice(text.charCodeAt(5) === 0x20 ? 6 : 5);
      data = data === null ? value : `${data}\n${value}`;
    }
  }

  return {
    push(chunk) {
      const text = rest + decoder.write(chunk);
      let from = 0;
      for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', from)) {
        line(text.slice(from, text.charCodeAt(at - 1) === 0x0d && at > from ? at - 1 : at));
        from = at + 1;
      }
      rest = text.slice(from);
    },
  };
}
