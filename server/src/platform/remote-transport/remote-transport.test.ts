import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { createTestAuthority } from '../../../test/certificates.ts';
import {
  RemoteCallError,
  type RemoteEndpoint,
  type RemoteTransport,
} from '../../kernel/ports/remote-transport.ts';
import { createOutboundGuard } from '../outbound-guard/outbound-guard.ts';
import { createRemoteTransport } from './remote-transport.ts';

const guard = createOutboundGuard({ allow: ['127.0.0.1', 'localhost'] });
const transport = createRemoteTransport({ guard });
const servers: Server[] = [];

after(async () => {
  await transport.close();
  for (const server of servers) server.close();
});

interface Raw {
  readonly port: number;
  /** Requests that came, with the number of the connection that each came on. */
  readonly heard: { readonly connection: number; readonly text: string }[];
}

/** A server that answers each request by hand. */
async function rawServer(answer: (socket: Socket, text: string, connection: number) => void): Promise<Raw> {
  const heard: Raw['heard'] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    const connection = connections;
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const text = data.toString('latin1');
      heard.push({ connection, text });
      answer(socket, text, connection);
    });
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, heard };
}

let keys = 0;
function endpointOf(
  origin: string,
  timeouts: Partial<RemoteEndpoint['timeouts']> = {},
  ca: string | null = null,
) {
  keys += 1;
  const usual = { connectMs: 2000, firstByteMs: 5000, idleMs: 5000, wholeMs: 10_000 };
  return { key: `endpoint-${keys}`, origin, ca, timeouts: { ...usual, ...timeouts } };
}

interface Outcome {
  readonly status: number;
  readonly text: string;
  readonly end: 'ended' | 'unreachable' | 'lost';
  readonly cause: Error | null;
}

function ask(endpoint: RemoteEndpoint, body = '{"a":1}', onData?: () => boolean): Promise<Outcome> {
  return askBy(transport, endpoint, body, onData);
}

function askBy(
  by: RemoteTransport,
  endpoint: RemoteEndpoint,
  body: string,
  onData?: () => boolean,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let status = 0;
    let text = '';
    const end = (how: Outcome['end']) => (cause: Error | null) => resolve({ status, text, end: how, cause });
    by.call(
      endpoint,
      { method: 'POST', path: '/v1/chat', headers: ['x-a', 'b'], body },
      {
        begin(code) {
          status = code;
        },
        data(chunk) {
          text += chunk.toString('utf8');
          return onData?.() ?? true;
        },
        ended: () => end('ended')(null),
        unreachable: end('unreachable'),
        lost: end('lost'),
      },
    );
  });
}

const answerOf = (text: string, more = ''): string =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n${more}\r\n${text}`;

const reasonOf = ({ cause }: Outcome) => (cause instanceof RemoteCallError ? cause.reason : cause?.message);

test('requests to one endpoint share a kept connection, those of a changed endpoint do not', async () => {
  const server = await rawServer((socket) => socket.write(answerOf('{}')));
  const endpoint = endpointOf(`http://127.0.0.1:${server.port}`);
  assert.equal((await ask(endpoint)).text, '{}');
  assert.equal((await ask(endpoint)).text, '{}');
  await ask({ ...endpoint, key: 'other' });
  assert.deepEqual(
    server.heard.map(({ connection }) => connection),
    [1, 1, 2],
  );
  assert.match(
    server.heard[0]?.text ?? '',
    /^POST \/v1\/chat HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\naccept-encoding: identity/,
  );
});

test('a connection that says more than it was asked is closed, and no later request hears of it', async () => {
  const server = await rawServer((socket, _text, connection) => {
    const own = answerOf(`answer-${connection}`);
    socket.write(own);
    // Late: the next request may be on its way already.
    if (connection === 1) setTimeout(() => socket.write(answerOf('not-asked-for')), 20);
  });
  const endpoint = endpointOf(`http://127.0.0.1:${server.port}`);
  assert.equal((await ask(endpoint)).text, 'answer-1');
  await sleep(100);
  assert.equal((await ask(endpoint)).text, 'answer-2');
  assert.equal((await ask(endpoint)).text, 'answer-2');
});

test('an answer that comes twice at once is taken for none', async () => {
  const server = await rawServer((socket) => socket.write(answerOf('one') + answerOf('two')));
  const outcome = await ask(endpointOf(`http://127.0.0.1:${server.port}`));
  assert.deepEqual([outcome.end, reasonOf(outcome)], ['lost', 'protocol']);
});

test('an answer that comes before its question was sent ends the connection with it', async () => {
  const server = await rawServer((socket, text) => {
    if (text.startsWith('POST')) socket.write(answerOf('early'));
  });
  const endpoint = endpointOf(`http://127.0.0.1:${server.port}`);
  const large = `"${'x'.repeat(8 * 1024 * 1024)}"`;
  assert.equal((await ask(endpoint, large)).text, 'early');
  assert.equal((await ask(endpoint)).text, 'early');
  const small = server.heard.find(({ text }) => text.endsWith('{"a":1}'));
  assert.equal(small?.connection, 2);
});

test('a kept connection that the server had closed costs no request', async () => {
  const server = await rawServer((socket) => {
    socket.write(answerOf('fine'));
    setTimeout(() => socket.destroy(), 5);
  });
  const endpoint = endpointOf(`http://127.0.0.1:${server.port}`);
  for (let round = 0; round < 20; round += 1) {
    assert.equal((await ask(endpoint)).text, 'fine');
    await sleep(round % 4 === 0 ? 5 : 4);
  }
});

test('each phase of a call has its limit, and the cause names it', async () => {
  const silent = await rawServer(() => undefined);
  const first = await ask(endpointOf(`http://127.0.0.1:${silent.port}`, { firstByteMs: 200 }));
  assert.deepEqual([first.end, reasonOf(first)], ['lost', 'first-byte']);
  const stalling = await rawServer((socket) =>
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc`),
  );
  const idle = await ask(endpointOf(`http://127.0.0.1:${stalling.port}`, { idleMs: 200 }));
  assert.deepEqual([idle.end, reasonOf(idle), idle.text], ['lost', 'idle', 'abc']);
  const endless = await rawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    const timer = setInterval(
      () => (socket.writable ? socket.write('1\r\nx\r\n') : clearInterval(timer)),
      20,
    );
  });
  const whole = await ask(endpointOf(`http://127.0.0.1:${endless.port}`, { wholeMs: 400, idleMs: 300 }));
  assert.deepEqual([whole.end, reasonOf(whole)], ['lost', 'whole']);
  const slowReader = await rawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na');
    setTimeout(() => socket.write('b'), 50);
  });
  // Not a stall of the server: the reader is full.
  const endpoint = endpointOf(`http://127.0.0.1:${slowReader.port}`, { idleMs: 300 });
  let resume = (): void => undefined;
  const read = new Promise<string>((resolve) => {
    let text = '';
    const call = transport.call(
      endpoint,
      { method: 'GET', path: '/', headers: [], body: '' },
      {
        begin() {},
        data(chunk) {
          text += chunk.toString();
          return text.length > 1;
        },
        ended: () => resolve(text),
        unreachable: (error) => resolve(error.message),
        lost: (error) => resolve(error.message),
      },
    );
    resume = () => call.resume();
  });
  await sleep(700);
  resume();
  assert.equal(await read, 'ab');
});

test('what is no HTTP answer, or compressed, is refused as such', async () => {
  for (const nonsense of [
    'SSH-2.0-OpenSSH_9.9\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}',
    answerOf('{}', 'content-encoding: gzip\r\n'),
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
  ]) {
    const server = await rawServer((socket) => socket.write(nonsense));
    const outcome = await ask(endpointOf(`http://127.0.0.1:${server.port}`));
    assert.deepEqual([outcome.end, reasonOf(outcome)], ['lost', 'protocol'], nonsense);
  }
});

test('an address that the guard refuses is never connected to', async () => {
  const server = await rawServer((socket) => socket.write(answerOf('{}')));
  const strict = createRemoteTransport({ guard: createOutboundGuard({ allow: [] }) });
  const outcome = await new Promise<Error>((resolve) => {
    strict.call(
      endpointOf(`http://127.0.0.1:${server.port}`),
      { method: 'GET', path: '/', headers: [], body: '' },
      { begin() {}, data: () => true, ended() {}, unreachable: resolve, lost: resolve },
    );
  });
  assert.match(outcome.message, /may not be reached/);
  assert.equal(server.heard.length, 0);
  await strict.close();
});

test('TLS is spoken with the authority of the endpoint, and with no other', async () => {
  const authority = createTestAuthority();
  const { key, cert } = authority.issue('localhost');
  const server = createTlsServer({ key, cert }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(answerOf(socket.servername === 'localhost' ? 'secure' : 'no name')));
  });
  server.on('tlsClientError', () => undefined);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `https://localhost:${port}`;
  const trusted = endpointOf(origin, {}, authority.cert.toString());
  assert.equal((await ask(trusted)).text, 'secure');
  assert.equal((await ask(trusted)).text, 'secure');
  const doubted = await ask(endpointOf(origin));
  assert.equal(doubted.end, 'unreachable');
  assert.match(doubted.cause?.message ?? '', /certificate/);
});

test('a call that goes on over a new connection keeps its limits while its endpoint is let go', async () => {
  const asked = Promise.withResolvers<void>();
  // Answers the first request, closes on the second, is silent to whatever comes by a new connection.
  const server = await rawServer((socket, text, connection) => {
    if (connection > 1) return;
    if (text.includes('first')) socket.write(answerOf('{}'));
    else {
      asked.resolve();
      setTimeout(() => socket.destroy(), 50);
    }
  });
  const own = createRemoteTransport({ guard });
  const endpoint = endpointOf(`http://127.0.0.1:${server.port}`, { firstByteMs: 300 });
  await askBy(own, endpoint, 'first');
  const second = askBy(own, endpoint, 'second');
  await asked.promise;
  own.keepOnly(new Set());
  assert.deepEqual([(await second).end, reasonOf(await second)], ['lost', 'first-byte']);
  assert.deepEqual(
    server.heard.map(({ connection }) => connection),
    [1, 1, 2],
  );
  await own.close();
});
