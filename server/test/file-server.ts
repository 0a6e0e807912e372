import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

/** The bytes of a served file; large ones need not lie in memory. */
export interface ServedContent {
  readonly sizeBytes: number;
  readonly sha256: string;
  read(start: number, end: number): Iterable<Buffer>;
}

/** What goes wrong with one answer. */
export type FileFault =
  | { readonly kind: 'cut' | 'cut-whole'; readonly afterBytes: number }
  | { readonly kind: 'stall'; readonly afterBytes: number }
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Record<string, string> }
  /** Each byte is another one. */
  | { readonly kind: 'wrong' }
  /** The whole file, as if ranges were not known. */
  | { readonly kind: 'whole' }
  /** A body longer than the range, without a length. */
  | { readonly kind: 'longer' };

export interface FileRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly range: string | null;
  readonly headers: IncomingMessage['headers'];
}

export interface ServedFile {
  readonly content: ServedContent;
  /** `null`: no ETag. */
  readonly etag?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FileServer {
  /** `http://127.0.0.1:…` or `https://…` */
  readonly url: string;
  readonly files: Map<string, ServedFile>;
  readonly requests: FileRequest[];
  /** Asked at each answer of a file. */
  fault: (request: FileRequest) => FileFault | null;
  /** A slow network: the pause after each chunk that is sent. */
  chunkPauseMs: number;
  /** Ends each connection a moment after an answer, without having said so. */
  endAfterAnswer: boolean;
  /** How many connections were made. */
  connections(): number;
  stop(): Promise<void>;
}

export interface FileServerOptions {
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer };
  /** Answers what is no file; `false` when it does not either. */
  readonly answer?: (request: FileRequest, response: ServerResponse, url: URL) => boolean;
}

const chunkBytes = 64 * 1024;

/** The content of a buffer. */
export function contentOf(bytes: Buffer | string): ServedContent {
  const body = Buffer.from(bytes);
  return {
    sizeBytes: body.length,
    sha256: createHash('sha256').update(body).digest('hex'),
    *read(start, end) {
      for (let at = start; at < end; at += chunkBytes)
        yield body.subarray(at, Math.min(end, at + chunkBytes));
    },
  };
}

/** A web server of files with ranges, and the faults that real ones have. */
export async function startFileServer(options: FileServerOptions = {}): Promise<FileServer> {
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://server');
    const seen: FileRequest = {
      method: request.method ?? '',
      path: decodeURIComponent(url.pathname),
      range: request.headers.range ?? null,
      headers: request.headers,
    };
    server.requests.push(seen);
    response.on('error', () => {});
    response.on('finish', () => {
      if (server.endAfterAnswer) request.socket.end();
    });
    const file = server.files.get(seen.path);
    if (file) void serve(file, seen, response, { fault: server.fault(seen), pauseMs: server.chunkPauseMs });
    else if (!options.answer?.(seen, response, url)) response.writeHead(404).end();
  };
  const listening = options.tls ? createHttpsServer(options.tls, listener) : createHttpServer(listener);
  let made = 0;
  listening.on('connection', () => {
    made += 1;
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const server: FileServer = {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${address.port}`,
    files: new Map(),
    requests: [],
    fault: () => null,
    chunkPauseMs: 0,
    endAfterAnswer: false,
    connections: () => made,
    async stop() {
      listening.closeAllConnections();
      listening.close();
      await once(listening, 'close');
    },
  };
  return server;
}

interface Manner {
  readonly fault: FileFault | null;
  readonly pauseMs: number;
}

async function serve(
  { content, etag, headers }: ServedFile,
  request: FileRequest,
  response: ServerResponse,
  manner: Manner,
): Promise<void> {
  const { fault } = manner;
  if (fault?.kind === 'status') {
    response.writeHead(fault.status, fault.headers).end();
    return;
  }
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.range ?? '') ?? [];
  const isWhole = fault?.kind === 'whole' || fault?.kind === 'cut-whole';
  const isRange = from !== undefined && !isWhole && content.sizeBytes > 0;
  const start = isRange ? Number(from) : 0;
  const end = isRange && to ? Math.min(Number(to) + 1, content.sizeBytes) : content.sizeBytes;
  const tag = etag === undefined ? `"${content.sha256.slice(0, 16)}"` : etag;
  const common = { ...headers, ...(tag === null ? {} : { etag: tag }) };
  if (isRange && start >= content.sizeBytes) {
    response.writeHead(416, { ...common, 'content-range': `bytes */${content.sizeBytes}` }).end();
    return;
  }
  response.writeHead(isRange ? 206 : 200, {
    ...common,
    'content-type': 'application/octet-stream',
    ...(fault?.kind === 'longer' ? {} : { 'content-length': end - start }),
    ...(isRange ? { 'content-range': `bytes ${start}-${end - 1}/${content.sizeBytes}` } : {}),
  });
  if (request.method === 'HEAD') response.end();
  else await send(content.read(start, end), response, manner);
}

async function send(
  chunks: Iterable<Buffer>,
  response: ServerResponse,
  { fault, pauseMs }: Manner,
): Promise<void> {
  const isCut = fault?.kind === 'cut' || fault?.kind === 'cut-whole';
  let left = isCut || fault?.kind === 'stall' ? fault.afterBytes : Number.POSITIVE_INFINITY;
  for (const chunk of chunks) {
    const part = chunk.subarray(0, Math.min(chunk.length, left));
    left -= part.length;
    const wrong = fault?.kind === 'wrong' ? Buffer.from(part.map((byte) => byte ^ 1)) : part;
    if (!response.write(wrong)) await drained(response);
    if (pauseMs > 0) await sleep(pauseMs);
    if (response.destroyed) return;
    if (left === 0) break;
  }
  if (fault?.kind === 'stall') return;
  // What was written leaves before the connection breaks.
  if (isCut) setTimeout(() => response.destroy(), 100);
  else if (fault?.kind === 'longer') response.end('and more than that');
  else response.end();
}

/** Until more can be written, or nobody reads any more. */
async function drained(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
