import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { TestCertificate } from './certificates.ts';

export interface ForwardProxy {
  readonly port: number;
  /** What it was asked for: `CONNECT host:port` or `METHOD http://…`. */
  readonly asked: string[];
  stop(): Promise<void>;
}

export interface ForwardProxyOptions {
  /** Where each host leads; what is not here it does not know. */
  readonly hosts: Readonly<Record<string, number>>;
  /** `user:password` that it wants. */
  readonly credentials?: string;
  /** With it, the proxy itself speaks TLS. */
  readonly certificate?: TestCertificate;
}

/** A company's proxy: tunnels (CONNECT) and forwards, and knows names that nobody else does. */
export async function startForwardProxy(options: ForwardProxyOptions): Promise<ForwardProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const { certificate } = options;
  const server: Server = certificate ? createSecureServer(certificate) : createServer();
  const isAllowed = ({ headers }: IncomingMessage): boolean =>
    options.credentials === undefined ||
    headers['proxy-authorization'] === `Basic ${Buffer.from(options.credentials).toString('base64')}`;

  server.on('request', (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const url = URL.parse(request.url ?? '');
    const port = options.hosts[url?.hostname ?? ''];
    if (!isAllowed(request)) response.writeHead(407).end();
    else if (url === null || port === undefined) response.writeHead(502).end();
    else {
      const { 'proxy-authorization': _, ...headers } = request.headers;
      const path = `${url.pathname}${url.search}`;
      const onward = forward({ port, path, method: request.method ?? 'GET', headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      request.pipe(onward);
    }
  });
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    asked.push(`CONNECT ${request.url}`);
    const port = options.hosts[(request.url ?? '').replace(/:\d+$/, '')];
    if (!isAllowed(request)) client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    else if (port === undefined) client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    else {
      const onward = connect(port, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        client.pipe(onward).pipe(client);
      });
      for (const [one, other] of [
        [client, onward],
        [onward, client],
      ] as const)
        one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    asked,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
