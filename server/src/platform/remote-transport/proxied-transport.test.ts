import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createTestAuthority } from '../../../test/certificates.ts';
import { type ForwardProxy, startForwardProxy } from '../../../test/forward-proxy.ts';
import type { RemoteEndpoint, RemoteTransport } from '../../kernel/ports/remote-transport.ts';
import { createOutboundGuard } from '../outbound-guard/outbound-guard.ts';
import type { NetworkAccess } from '../outbound-network/network-access.ts';
import { createRemoteTransport } from './remote-transport.ts';

const authority = createTestAuthority();
const servers: Server[] = [];
const transports: RemoteTransport[] = [];
let folder: string;
let proxy: ForwardProxy;
let secureProxy: ForwardProxy;
/** Requests that reached an engine: method, path and headers. */
const reached: { readonly line: string; readonly headers: object }[] = [];

async function engine(secure: boolean): Promise<number> {
  const server: Server = secure ? createSecureServer(authority.issue('gpu.example')) : createServer();
  server.on('request', (request, response) => {
    reached.push({ line: `${request.method} ${request.url}`, headers: request.headers });
    response.writeHead(200);
    response.write('a'.repeat(100_000));
    setTimeout(() => response.end('the end'), 20);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samovar-proxied-'));
  await writeFile(join(folder, 'ca.pem'), authority.cert);
  const hosts = { 'plain.example': await engine(false), 'gpu.example': await engine(true) };
  proxy = await startForwardProxy({ hosts, credentials: 'user:secret' });
  secureProxy = await startForwardProxy({ hosts, certificate: authority.issue('localhost') });
});

after(async () => {
  for (const transport of transports) await transport.close();
  await proxy.stop();
  await secureProxy.stop();
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
  await rm(folder, { recursive: true, force: true });
});

/** The names of the tests are known to the proxy alone, but for those given. */
function transportBy(
  url: string,
  more: { readonly noProxy?: string; readonly known?: Readonly<Record<string, string>> } = {},
) {
  const network: NetworkAccess = {
    caFiles: [join(folder, 'ca.pem')],
    httpProxy: url,
    httpsProxy: null,
    noProxy: more.noProxy ?? '',
  };
  const guard = createOutboundGuard({
    allow: [],
    resolveName: async (host) => {
      const address = more.known?.[host];
      if (address === undefined) throw new Error('ENOTFOUND');
      return [{ address, family: 4 }];
    },
  });
  const transport = createRemoteTransport({ guard, network });
  transports.push(transport);
  return transport;
}

let keys = 0;
function ask(transport: RemoteTransport, origin: string, connectMs = 3000): Promise<string> {
  keys += 1;
  const timeouts = { connectMs, firstByteMs: 3000, idleMs: 3000, wholeMs: 5000 };
  const endpoint: RemoteEndpoint = { key: `${origin}/${keys}`, origin, ca: null, timeouts };
  return askBy(transport, endpoint);
}

function askBy(transport: RemoteTransport, endpoint: RemoteEndpoint): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const failed = (error: Error) => resolve(`failed: ${error.message}`);
    transport.call(
      endpoint,
      { method: 'POST', path: '/v1/chat', headers: ['authorization', 'Bearer key'], body: '{}' },
      {
        begin: (status) => {
          text += `${status} `;
        },
        data: (chunk) => {
          text += chunk.toString();
          return true;
        },
        ended: () => resolve(text.replace(/a+/, 'a…')),
        unreachable: failed,
        lost: failed,
      },
    );
  });
}

test('an engine behind a proxy is asked by it: plainly for http, through a tunnel that hears nothing for https', async () => {
  const url = `http://user:secret@localhost:${proxy.port}`;
  const transport = transportBy(url);
  assert.equal(await ask(transport, 'http://plain.example:8000'), '200 a…the end');
  assert.equal(await ask(transport, 'https://gpu.example'), '200 a…the end');
  assert.deepEqual(proxy.asked, ['POST http://plain.example:8000/v1/chat', 'CONNECT gpu.example:443']);
  assert.deepEqual(
    reached.map(({ line }) => line),
    ['POST /v1/chat', 'POST /v1/chat'],
  );
  for (const { headers } of reached) {
    assert.ok(!('proxy-authorization' in headers));
    assert.equal('authorization' in headers && headers.authorization, 'Bearer key');
  }
  assert.match(
    await ask(transportBy(`http://localhost:${proxy.port}`), 'https://gpu.example'),
    /refuses to connect to gpu\.example:443 \(407\)/,
  );
  assert.match(await ask(transportBy(url), 'https://unknown.example'), /\(502\)/);
});

test('a tunnel is kept: the next request goes through the same one', async () => {
  const transport = transportBy(`http://user:secret@localhost:${proxy.port}`);
  const before = proxy.asked.length;
  const timeouts = { connectMs: 3000, firstByteMs: 3000, idleMs: 3000, wholeMs: 5000 };
  const endpoint = { key: 'kept', origin: 'https://gpu.example', ca: null, timeouts };
  for (let round = 0; round < 3; round += 1) assert.equal(await askBy(transport, endpoint), '200 a…the end');
  assert.equal(proxy.asked.length - before, 1);
});

test('a proxy that speaks TLS itself is trusted by the same authorities', async () => {
  const transport = transportBy(`https://localhost:${secureProxy.port}`);
  assert.equal(await ask(transport, 'http://plain.example'), '200 a…the end');
  assert.equal(await ask(transport, 'https://gpu.example'), '200 a…the end');
  assert.deepEqual(secureProxy.asked, ['POST http://plain.example/v1/chat', 'CONNECT gpu.example:443']);
});

test('no proxy is asked for what the guard refuses: internal addresses, names that lead there, internal names', async () => {
  const transport = transportBy(`http://user:secret@localhost:${proxy.port}`, {
    known: { 'rebound.example': '10.0.0.9', 'metadata.example': '169.254.169.254' },
  });
  const before = proxy.asked.length;
  for (const host of [
    ...['10.1.2.3', '169.254.169.254', '[fd00::1]', '127.0.0.1', 'localhost'],
    ...['rebound.example', 'metadata.example', 'intranet', 'metadata.google.internal', 'nas.local'],
  ])
    for (const scheme of ['http', 'https'])
      assert.match(
        await ask(transport, `${scheme}://${host}`),
        /failed: .*(?:may not be reached|ENOTFOUND)/,
        host,
      );
  assert.equal(proxy.asked.length, before);
});

test('what NO_PROXY names is connected to directly, where the guard pins the address', async () => {
  const transport = transportBy(`http://user:secret@localhost:${proxy.port}`, {
    noProxy: 'plain.example',
    known: { 'plain.example': '127.0.0.1' },
  });
  const before = proxy.asked.length;
  assert.match(await ask(transport, 'http://plain.example'), /may not be reached/);
  assert.equal(proxy.asked.length, before);
});

test('a proxy that says nothing, or nonsense, is given up in time', async () => {
  for (const answer of ['', 'SSH-2.0-OpenSSH\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\nand more']) {
    const odd = createServer();
    odd.on('connect', (_, socket) => {
      socket.on('error', () => undefined);
      if (answer !== '') socket.write(answer);
    });
    servers.push(odd);
    odd.listen(0, '127.0.0.1');
    await once(odd, 'listening');
    const { port } = odd.address() as AddressInfo;
    const said = await ask(transportBy(`http://localhost:${port}`), 'https://gpu.example', 300);
    assert.match(
      said,
      /failed: (?:no connection within 300 ms|the proxy .* (?:does not answer as one|says more))/,
    );
  }
});
