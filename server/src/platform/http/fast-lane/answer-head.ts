import { STATUS_CODES } from 'node:http';

/** Writes the head of an answer as one text, up to the headers that say how long the body is. */
export type WriteHead = (status: number, headers: readonly string[], closing: boolean) => string;

/** What would end a header, or cannot be in one (RFC 9110, section 5.5). */
const unsafe = /[^\t\x20-\x7e\x80-\xff]/;
const statusLines = new Map(
  Object.entries(STATUS_CODES).map(([status, phrase]) => [
    Number(status),
    `HTTP/1.1 ${status} ${phrase}\r\n`,
  ]),
);

/** Adds the same headers of its own as `node:http`: `Date`, made once a second, and what becomes of the connection. */
export function createHeadWriter(keepAliveMs: number): WriteHead {
  const kept = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}\r\n`;
  let second = 0;
  let date = '';
  return (status, headers, closing) => {
    let text = statusLines.get(status) ?? `HTTP/1.1 ${status} \r\n`;
    for (let index = 0; index < headers.length; index += 2) {
      const value = headers[index + 1] ?? '';
      if (unsafe.test(value))
        throw new Error(`the header ${headers[index]} has a character that no header may have`);
      text += `${headers[index]}: ${value}\r\n`;
    }
    const now = Math.floor(Date.now() / 1000);
    if (now !== second) {
      second = now;
      date = `Date: ${new Date(now * 1000).toUTCString()}\r\n`;
    }
    return text + date + (closing ? 'Connection: close\r\n' : kept);
  };
}
