import type { HeaderField } from './hpack/static-table.ts';
import { errorCode } from './protocol.ts';
import { StreamFault } from './protocol-faults.ts';

/** What a request begins with. One head may be that of many requests which begin with the same bytes. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  /** By their names in lower case, those of HTTP/2 (`:path`) included; several of one name are joined. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** `content-length`, `null` without one. */
  readonly bodyBytes: number | null;
}

const fitName = /^[!#$%&'*+\-.^_`|~\da-z]+$/;
/** RFC 9113, section 8.2.1. */
const unfitValue = /[\0\r\n]|^[\t ]|[\t ]$/;
const pseudoNames: ReadonlySet<string> = new Set([':method', ':scheme', ':authority', ':path']);
/** Those of a connection, which HTTP/2 has other words for (section 8.2.2). */
const foreignNames: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
/** Of several fields with one of these names the first counts; those of other names are joined. */
const singleNames: ReadonlySet<string> = new Set(['authorization', 'content-type', 'host', 'user-agent']);

/** The head of a request (RFC 9113, section 8.3.1). Throws PROTOCOL_ERROR for a malformed one (section 8.1.1). */
export function readRequestHead(fields: readonly HeaderField[]): RequestHead {
  const headers: Record<string, string | undefined> = Object.create(null);
  let regular = false;
  for (const { name, value } of fields) {
    if (name.startsWith(':')) {
      if (regular || !pseudoNames.has(name) || headers[name] !== undefined)
        throw malformed('a field of HTTP/2 that is unknown, late or there twice');
      if (unfitValue.test(value)) throw malformed('a value with forbidden characters');
      headers[name] = value;
      continue;
    }
    regular = true;
    checkRegular(name, value);
    headers[name] = join(name, headers[name], value);
  }
  const { ':method': method, ':path': path } = headers;
  if (!method || !path || !headers[':scheme']) throw malformed('no method, scheme or path');
  return { method, path, headers: Object.freeze(headers), bodyBytes: lengthOf(headers['content-length']) };
}

/** Throws PROTOCOL_ERROR for trailers that are malformed (section 8.1); what they say means nothing here. */
export function checkTrailers(fields: readonly HeaderField[]): void {
  for (const { name, value } of fields) checkRegular(name, value);
}

function checkRegular(name: string, value: string): void {
  if (!fitName.test(name)) throw malformed('a name that none may have');
  if (unfitValue.test(value)) throw malformed('a value with forbidden characters');
  if (foreignNames.has(name)) throw malformed('a field of HTTP/1 connections');
  if (name === 'te' && value !== 'trailers') throw malformed('an encoding of its transfer');
}

function join(name: string, first: string | undefined, next: string): string {
  if (first === undefined) return next;
  if (singleNames.has(name)) return first;
  return name === 'cookie' ? `${first}; ${next}` : `${first}, ${next}`;
}

function lengthOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^\d{1,15}$/.test(text)) throw malformed('a length that is none');
  return Number(text);
}

function malformed(what: string): StreamFault {
  return new StreamFault(errorCode.protocolError, `a request has ${what}`);
}
