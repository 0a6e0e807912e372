import { connect as connectPlain, isIP, type LookupFunction, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectEncrypted } from 'node:tls';
import type { OutboundGuard } from '../../../kernel/ports/outbound-guard.ts';
import type { ResponseHead } from '../../worker-transport/response-head.ts';
import type { ByteRange, OpenedBytes } from '../download/byte-source.ts';
import { tagOf } from '../entity-tag.ts';
import { PassingFault } from '../passing-fault.ts';
import { createPartConnection, type PartConnection } from './part-connection.ts';

export interface PartRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly range: ByteRange;
  readonly signal: AbortSignal;
}

/** Connections to one server for the parts of one file. */
export interface PartConnections {
  /** `null` when the server answers with anything but this part: then the usual client has to find out why. */
  open(request: PartRequest): Promise<OpenedBytes | null>;
  close(): void;
}

export interface PartConnectionsOptions {
  /** Certificates of authorities (PEM); `undefined`: the usual ones. */
  readonly ca: readonly string[] | undefined;
  readonly guard: OutboundGuard | null;
  readonly silenceMs: number;
}

export function createPartConnections(options: PartConnectionsOptions): PartConnections {
  const connections = new Set<PartConnection>();

  async function connect(url: URL): Promise<PartConnection> {
    const lookup = await lookupOf(options.guard, url);
    const made = createPartConnection(
      (onread) => openSocket(url, { ca: options.ca, lookup, onread }),
      url.protocol === 'https:',
    );
    connections.add(made);
    return made;
  }

  const give = (connection: PartConnection, reason?: Error) => {
    connections.delete(connection);
    connection.destroy(reason);
  };

  async function ask(connection: PartConnection, { url, headers, range, signal }: PartRequest) {
    const silent = setTimeout(
      () => give(connection, new PassingFault('the server does not answer')),
      options.silenceMs,
    );
    const abort = () => give(connection, new Error('aborted', { cause: signal.reason }));
    signal.addEventListener('abort', abort, { once: true });
    const done = () => signal.removeEventListener('abort', abort);
    try {
      return { head: await connection.ask(requestHead(url, headers, range)), done };
    } catch (error) {
      done();
      give(connection);
      throw error;
    } finally {
      clearTimeout(silent);
    }
  }

  return {
    async open(request) {
      request.signal.throwIfAborted();
      const idle = [...connections].find((each) => each.reserve());
      let connection = idle ?? (await connect(request.url));
      let answer: Awaited<ReturnType<typeof ask>>;
      try {
        answer = await ask(connection, request);
      } catch (error) {
        // The server may have ended what lay idle.
        if (idle === undefined || request.signal.aborted) throw error;
        connection = await connect(request.url);
        answer = await ask(connection, request);
      }
      const { head, done } = answer;
      const part = partOf(head, request.range);
      if (part === null) {
        done();
        give(connection);
        return null;
      }
      const body = connection.body(part.lengthBytes);
      const destroy = (reason?: Error) => {
        done();
        body.destroy(reason);
        // A connection that is free again is kept.
        if (!head.keepsOpen || body.receivedBytes() < part.lengthBytes) give(connection);
      };
      return { ranged: true, totalBytes: part.totalBytes, tag: part.tag, body: { ...body, destroy } };
    },
    close() {
      for (const each of connections) each.destroy();
      connections.clear();
    },
  };
}

interface Part {
  readonly lengthBytes: number;
  readonly totalBytes: number;
  readonly tag: string | null;
}

/** `null` when the answer is anything but the part that was asked for. */
function partOf({ status, headers, framing }: ResponseHead, range: ByteRange): Part | null {
  const [, start, end, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
  if (status !== 206 || framing.by !== 'length' || headers['content-encoding'] !== undefined) return null;
  const lengthBytes = Number(end) + 1 - range.start;
  const isAsked = Number(start) === range.start && Number(end) === Math.min(range.end, Number(total)) - 1;
  if (!isAsked || framing.bytes !== lengthBytes) return null;
  return { lengthBytes, totalBytes: Number(total), tag: tagOf((name) => headers[name] ?? null) };
}

function requestHead(url: URL, headers: Readonly<Record<string, string>>, { start, end }: ByteRange): string {
  const fields = {
    host: url.host,
    'user-agent': 'samovar',
    'accept-encoding': 'identity',
    range: `bytes=${start}-${end - 1}`,
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  const text = [`GET ${url.pathname}${url.search} HTTP/1.1`, ...lines, '', ''].join('\r\n');
  if (/[\r\n]/.test(Object.values(fields).join(''))) throw new Error('a header holds a line break');
  return text;
}

/** The addresses that the guard allows, as the look-up of the connection: nothing else can be reached by the name. */
async function lookupOf(guard: OutboundGuard | null, url: URL): Promise<LookupFunction | undefined> {
  if (guard === null) return undefined;
  const addresses = await guard.resolve(url.hostname, portOf(url));
  return (hostname, { all }, callback) => {
    const [first] = addresses;
    if (all) callback(null, [...addresses]);
    else if (first) callback(null, first.address, first.family);
    else callback(new Error(`${hostname} has no address`), '', 4);
  };
}

function openSocket(
  url: URL,
  options: {
    readonly ca: readonly string[] | undefined;
    readonly lookup: LookupFunction | undefined;
    readonly onread: OnReadOpts;
  },
): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const { lookup, onread, ca } = options;
  const target = { host, port: portOf(url), onread, ...(lookup === undefined ? {} : { lookup }) };
  if (url.protocol === 'http:') return connectPlain(target);
  return connectEncrypted({
    ...target,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca: [...ca] }),
  });
}

function portOf(url: URL): number {
  return Number(url.port || (url.protocol === 'https:' ? 443 : 80));
}
