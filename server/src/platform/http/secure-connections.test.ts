import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type ConnectionOptions, connect as secureConnect, type TLSSocket } from 'node:tls';
import { Agent, fetch } from 'undici';
import { createTestAuthority, type TestCertificate } from '../../../test/certificates.ts';
import { startTestGateway, type TestGateway, versionId } from '../../../test/gateway.ts';
import { type ScriptedWorker, startScriptedWorker } from '../../../test/scripted-worker.ts';
import type { Certificate, SecureContextOptions } from '../../kernel/ports/certificate.ts';

const authority = createTestAuthority();
const ca = authority.cert;
const headers = { authorization: 'Bearer smv_test', 'content-type': 'application/json' };
const asked = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] });

let worker: ScriptedWorker;
let gateway: TestGateway;
let certificate: Certificate & { change(next: TestCertificate): void };
before(async () => {
  worker = await startScriptedWorker(async ({ body, response }) => {
    if (body.stream !== true) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } }));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let event = 0; event < 20; event += 1) {
      response.write(`data: {"choices":[{"delta":{"content":"${event} "}}]}\n\n`);
      await pause(25);
    }
    response.end(
      'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":20}}\n\ndata: [DONE]\n\n',
    );
  });
  certificate = changingCertificate(authority.issue('localhost', '127.0.0.1'));
  gateway = await startTestGateway({
    replicas: [worker.replica(versionId)],
    certificate,
    connectionLimit: 20,
    timeouts: { headersMs: 1000, requestMs: 5000, paceMs: 60_000, keepAliveMs: 5000, stallMs: 9000 },
  });
});
after(async () => {
  await gateway?.stop();
  await worker?.die();
});

test('one connection under TLS carries requests of every lane, one after the other', async () => {
  const dispatcher = new Agent({ connect: { ca }, connections: 1 });
  for (let round = 0; round < 3; round += 1) {
    const chat = await post(dispatcher, asked);
    assert.equal(chat.status, 200);
    assert.ok((await chat.text()).includes('"usage"'));
    const large = await post(dispatcher, asked.replace('Hi', 'x'.repeat(200_000)));
    assert.equal(large.status, 200);
    await large.text();
    const listed = await fetch(`${gateway.url}/v1/models`, { headers, dispatcher });
    assert.equal(listed.status, 200);
    await listed.text();
    const refused = await post(dispatcher, '{');
    assert.equal(refused.status, 400);
    await refused.text();
  }
  await dispatcher.close();
  await untilOpen(0);
});

test('requests that a client sends ahead under TLS are answered in their order', async () => {
  const socket = await greeted();
  const one = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer smv_test\r\ncontent-type: application/json\r\ncontent-length: ${asked.length}\r\n\r\n${asked}`;
  const other =
    'GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer smv_test\r\n\r\n';
  socket.write(one + one + other);
  const text = await readToEnd(socket);
  assert.equal(text.split('HTTP/1.1 200 OK').length - 1, 3);
  assert.ok(text.indexOf('"usage"') < text.indexOf('"object":"list"'));
});

test('a new certificate is for new connections, and a stream that runs goes on to its end', async () => {
  const stream = secureRequest(`${gateway.url}/v1/chat/completions`, {
    ca,
    method: 'POST',
    headers,
    agent: false,
  });
  stream.end(asked.replace('{', '{"stream":true,'));
  const [answer] = (await once(stream, 'response')) as [IncomingMessage];
  let text = '';
  answer.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await once(answer, 'data');
  const next = createTestAuthority();
  certificate.change(next.issue('localhost', '127.0.0.1'));
  await assert.rejects(greeted(), /certificate|signature/);
  const socket = await greeted({ ca: next.cert });
  assert.ok(!text.includes('[DONE]'), 'the stream was still running');
  socket.destroy();
  await once(answer, 'end');
  assert.ok(text.includes('19 ') && text.includes('[DONE]'));
  certificate.change(authority.issue('localhost', '127.0.0.1'));
  (await greeted()).destroy();
});

test('a request without TLS is told in plain HTTP where to go', async () => {
  const answer = await fetch(gateway.url.replace('https', 'http'));
  assert.equal(answer.status, 400);
  const body = (await answer.json()) as { samovar: { code: string }; error: { message: string } };
  assert.equal(body.samovar.code, 'request.tls_required');
  assert.match(body.error.message, /TLS/);
});

test('TLS 1.1 and older are refused, 1.2 and 1.3 are spoken', async () => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await assert.rejects(greeted(old), /protocol version/i);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await greeted({ minVersion: version, maxVersion: version });
    assert.equal(socket.getProtocol(), version);
    socket.destroy();
  }
});

test('a connection beyond the limit is told so under TLS, and one that never greets is dropped', async () => {
  await untilOpen(0);
  const sockets = await Promise.all(Array.from({ length: 20 }, () => greeted()));
  await untilOpen(20);
  const refused = await readToEnd(await greeted());
  assert.match(refused, /^HTTP\/1\.1 503 /);
  assert.match(refused, /system\.overloaded/);
  for (const socket of sockets) socket.destroy();
  await untilOpen(0);
  for (const greeting of ['', '\x16\x03\x01']) {
    const silent = connect(gateway.server.port, '127.0.0.1');
    silent.on('error', () => undefined);
    silent.write(greeting);
    const began = performance.now();
    await once(silent, 'close');
    assert.ok(performance.now() - began < 4000);
  }
});

test('whatever bytes come instead of a greeting, and however the connection ends, others are served', async () => {
  const greetings = Array.from({ length: 200 }, (_, index) => {
    const bytes = randomBytes(1 + (index % 64));
    if (index % 2 === 0) bytes[0] = 0x16;
    return bytes;
  });
  await Promise.all(
    greetings.map(async (bytes, index) => {
      const socket = connect(gateway.server.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(bytes);
      if (index % 3 === 0) socket.resetAndDestroy();
      else if (index % 3 === 1) socket.end();
      if (!socket.closed) await once(socket.resume(), 'close');
    }),
  );
  await untilOpen(0);
  const dispatcher = new Agent({ connect: { ca } });
  const answer = await post(dispatcher, asked);
  assert.equal(answer.status, 200);
  await answer.text();
  await dispatcher.close();
});

test('a stop does not wait for a client that has not finished its greeting', async () => {
  const own = await startTestGateway({ certificate });
  const silent = [connect(own.server.port, '127.0.0.1'), connect(own.server.port, '127.0.0.1')];
  for (const socket of silent) socket.on('error', () => undefined);
  await Promise.all(silent.map((socket) => once(socket, 'connect')));
  silent[1]?.write('\x16\x03\x01');
  await pause(50);
  const began = performance.now();
  await own.stop(0);
  assert.ok(performance.now() - began < 3000);
});

function post(dispatcher: Agent, body: string) {
  return fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body, dispatcher });
}

async function greeted(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = secureConnect({ host: '127.0.0.1', port: gateway.server.port, ca, ...options });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
}

async function readToEnd(socket: TLSSocket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await once(socket, 'close');
  return text;
}

async function untilOpen(count: number): Promise<void> {
  for (let tries = 0; gateway.server.openConnections !== count; tries += 1) {
    assert.ok(tries < 100, `${gateway.server.openConnections} connections are open`);
    await pause(20);
  }
}

/** A certificate that a test replaces. */
function changingCertificate(first: TestCertificate): typeof certificate {
  let current: SecureContextOptions = { ...first, minVersion: 'TLSv1.2' };
  const listeners: ((options: SecureContextOptions) => void)[] = [];
  return {
    secureContextOptions: () => current,
    onChange: (listener) => void listeners.push(listener),
    change(next) {
      current = { ...next, minVersion: 'TLSv1.2' };
      for (const listener of listeners) listener(current);
    },
  };
}
