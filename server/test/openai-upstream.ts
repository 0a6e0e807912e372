import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type UpstreamOptions, upstreamAnswers } from './upstream-answers.ts';
import type { UpstreamRequest } from './upstream-request.ts';

/** A server of somebody else: what kind of one, and how it fails, a test decides. */
export interface Upstream {
  readonly url: string;
  readonly port: number;
  /** Every request so far, probes included. */
  readonly requests: UpstreamRequest[];
  /** Adapters that were loaded by its own route, with their paths. */
  readonly adapters: Map<string, string>;
  /** Takes a request instead of the usual answer when it returns true. */
  script: ((request: UpstreamRequest) => boolean) | null;
  /** Inference requests so far. */
  chats(): readonly UpstreamRequest[];
  /** Connections that were made to it. */
  readonly connections: number;
  /** Dies as by SIGKILL: every connection breaks, nothing listens any more. */
  die(): Promise<void>;
}

/** An OpenAI-compatible server that answers as engines of a kind do. */
export async function startUpstream(options: UpstreamOptions): Promise<Upstream> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const adapters = new Map<string, string>();
  const requests: UpstreamRequest[] = [];
  const answer = upstreamAnswers(options, adapters);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const taken: UpstreamRequest = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: text === '' ? {} : JSON.parse(text),
        response,
      };
      requests.push(taken);
      if (!upstream.script?.(taken)) answer(taken);
    });
  });
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let dead: Promise<void> | null = null;
  const upstream: Upstream = {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    adapters,
    script: null,
    chats: () => requests.filter(({ path }) => path.endsWith('/v1/chat/completions')),
    get connections() {
      return connections;
    },
    die() {
      dead ??= new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.resetAndDestroy();
      return dead;
    },
  };
  return upstream;
}
