/** The head of a request as plain as they come. */
export interface PlainHead {
  /** Method and path, as `POST /v1/x`; without the query. */
  readonly target: string;
  /** By name in lower case; no name came twice. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly bodyBytes: number;
}

/**
 * RFC 9112, sections 3 and 5: a request line in origin form, then field lines without folding. Nothing in it can be
 * matched in two ways, so it takes time in proportion to its text.
 */
const grammar =
  /^(?:POST|GET) \/[\w\-.~!$&'()*+,;=:@/%]*(?:\?[\w\-.~!$&'()*+,;=:@/%?]*)? HTTP\/1\.1\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)+$/;
const digits = /^\d{1,10}$/;
const keepAlive = /^keep-alive$/i;

/** What decides how a connection goes on, or where a body ends: all of it is left to the full parser. */
const decisive = [
  'transfer-encoding',
  'upgrade',
  'expect',
  'trailer',
  'te',
  'proxy-connection',
  'http2-settings',
] as const;

/**
 * Reads a head in Latin-1, with the end of its last line and without the empty one. `null` for everything that is
 * wrong, unusual or could be understood in two ways: that is for the full parser to answer.
 */
export function readPlainHead(text: string): PlainHead | null {
  if (!grammar.test(text)) return null;
  const headers: Record<string, string | undefined> = Object.create(null);
  const firstEnd = text.indexOf('\r\n');
  for (let at = firstEnd + 2; at < text.length; ) {
    const colon = text.indexOf(':', at);
    const end = text.indexOf('\r\n', colon);
    const name = text.slice(at, colon).toLowerCase();
    if (headers[name] !== undefined) return null;
    headers[name] = trimmed(text, colon + 1, end);
    at = end + 2;
  }
  if (!headers.host) return null;
  for (const name of decisive) if (headers[name] !== undefined) return null;
  const { connection, 'content-length': length } = headers;
  if (connection !== undefined && !keepAlive.test(connection)) return null;
  if (length !== undefined && !digits.test(length)) return null;
  const query = text.indexOf('?');
  const targetEnd = query !== -1 && query < firstEnd ? query : firstEnd - ' HTTP/1.1'.length;
  return { target: text.slice(0, targetEnd), headers, bodyBytes: length === undefined ? 0 : Number(length) };
}

const space = 0x20;
const tab = 0x09;

/** Without the spaces and tabs around it; other white space is part of a value. */
function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === space || code === tab;
}
