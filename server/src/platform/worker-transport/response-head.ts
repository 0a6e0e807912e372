/** How the end of a body is found (RFC 9112, section 6.3). */
export type BodyFraming =
  | { readonly by: 'length'; readonly bytes: number }
  | { readonly by: 'chunks' }
  | { readonly by: 'close' };

export interface ResponseHead {
  readonly status: number;
  /** Names in lower case; a repeated field is joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly framing: BodyFraming;
  /** The worker keeps the connection open after this answer. */
  readonly keepsOpen: boolean;
}

const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |$)/;
const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const digits = /^\d{1,15}$/;
const lineEnd = '\r\n';

/**
 * Reads the head of an answer, without the empty line that ends it. Throws for what is not plain HTTP/1.1: two ways
 * to find the end of a body, a transfer coding other than `chunked`, folded or nameless fields.
 */
export function parseResponseHead(text: string): ResponseHead {
  let at = endOfLine(text, 0);
  const start = statusLine.exec(text.slice(0, at));
  if (!start) throw new Error('the answer does not begin with an HTTP/1.1 status line');
  const headers: Record<string, string> = {};
  while (at < text.length) {
    const begin = at + lineEnd.length;
    at = endOfLine(text, begin);
    addField(headers, text, begin, at);
  }
  const status = Number(start[2]);
  const framing = framingOf(status, headers);
  const { connection } = headers;
  return {
    status,
    headers,
    framing,
    keepsOpen:
      start[1] === '1' &&
      framing.by !== 'close' &&
      (connection === undefined || !connection.toLowerCase().includes('close')),
  };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf(lineEnd, from);
  return end === -1 ? text.length : end;
}

function addField(headers: Record<string, string>, text: string, begin: number, end: number): void {
  const colon = text.indexOf(':', begin);
  const name = colon > begin && colon < end ? properName(text.slice(begin, colon)) : null;
  if (name === null) throw new Error('a field of the answer has no proper name');
  const value = text.slice(colon + 1, end).trim();
  headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
}

/** What nearly every answer has, as servers spell it: names that need no check. */
const usualNames: ReadonlyMap<string, string> = new Map(
  [
    'Content-Type',
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'Keep-Alive',
    'Date',
    'Server',
  ].flatMap((name) => {
    const lower = name.toLowerCase();
    return [
      [name, lower],
      [lower, lower],
    ] as const;
  }),
);

/** A name in lower case, `null` for what is none. */
function properName(written: string): string | null {
  const usual = usualNames.get(written);
  if (usual !== undefined) return usual;
  return fieldName.test(written) ? written.toLowerCase() : null;
}

function framingOf(status: number, headers: Readonly<Record<string, string>>): BodyFraming {
  const length = headers['content-length'];
  const coding = headers['transfer-encoding'];
  if (status === 204 || status === 304 || status < 200) return { by: 'length', bytes: 0 };
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked' || length !== undefined)
      throw new Error('the answer says in two ways, or in an unknown one, where it ends');
    return { by: 'chunks' };
  }
  if (length === undefined) return { by: 'close' };
  if (!digits.test(length)) throw new Error('the length of the answer is no number');
  return { by: 'length', bytes: Number(length) };
}
