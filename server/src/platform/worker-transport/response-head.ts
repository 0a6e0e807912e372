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

/**
 * Reads the head of an answer, without the empty line that ends it. Throws for what is not plain HTTP/1.1: two ways
 * to find the end of a body, a transfer coding other than `chunked`, folded or nameless fields.
 */
export function parseResponseHead(text: string): ResponseHead {
  const lines = text.split('\r\n');
  const start = statusLine.exec(lines[0] ?? '');
  if (!start) throw new Error('the answer does not begin with an HTTP/1.1 status line');
  const headers: Record<string, string> = {};
  for (let index = 1; index < lines.length; index += 1) addField(headers, lines[index] ?? '');
  const status = Number(start[2]);
  const connection = headers.connection?.toLowerCase();
  const framing = framingOf(status, headers);
  return {
    status,
    headers,
    framing,
    keepsOpen: start[1] === '1' && framing.by !== 'close' && !(connection ?? '').includes('close'),
  };
}

function addField(headers: Record<string, string>, line: string): void {
  const colon = line.indexOf(':');
  const name = line.slice(0, colon).toLowerCase();
  if (colon < 1 || !fieldName.test(name)) throw new Error('a field of the answer has no proper name');
  const value = line.slice(colon + 1).trim();
  const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
  headers[name] = before === undefined ? value : `${before}, ${value}`;
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
