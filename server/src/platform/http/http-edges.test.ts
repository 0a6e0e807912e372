import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { startTestGateway, type TestGateway } from '../../../test/gateway.ts';

let gateway: TestGateway;

before(async () => {
  gateway = await startTestGateway({
    timeouts: { headersMs: 1000, requestMs: 1000, paceMs: 60_000, keepAliveMs: 5000, stallMs: 9000 },
  });
});
after(() => gateway.stop());

/** Sends raw bytes, then a byte every 20 ms if asked to, and reads until the connection ends. */
async function raw(bytes: string, drip = false): Promise<string> {
  const socket = connect(gateway.server.port, '127.0.0.1');
  let text = '';
  socket
    .on('error', () => undefined)
    .on('data', (chunk) => {
      text += chunk.toString();
    });
  socket.write(bytes);
  const timer = drip ? setInterval(() => socket.write(' '), 20) : undefined;
  await once(socket, 'close');
  clearInterval(timer);
  return text;
}

const id = /x-request-id: [0-9a-f-]{36}/i;

test('an address with nothing after its last slash is no model but an unknown URL', async () => {
  const headers = { authorization: 'Bearer smv_test' };
  const answer = await fetch(`${gateway.url}/v1/models/`, { headers });
  assert.equal(answer.status, 404);
  const body = (await answer.json()) as { error: { code: string } };
  assert.equal(body.error.code, 'unknown_url');
  assert.equal((await fetch(`${gateway.url}/v1/models/m`, { headers })).status, 200);
});

test('what HTTP itself forbids is refused with a request id and a body of ours', async () => {
  const noHost = await raw('GET /v1/models HTTP/1.1\r\nconnection: close\r\n\r\n');
  assert.match(noHost, /^HTTP\/1\.1 400 .*request\.invalid/s);
  const expectation = await raw(
    'GET /v1/models HTTP/1.1\r\nhost: x\r\nexpect: tea\r\nconnection: close\r\n\r\n',
  );
  assert.match(expectation, /^HTTP\/1\.1 417 .*request\.expectation_failed/s);
  const large = await raw(`GET / HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(40_000)}\r\n\r\n`);
  assert.match(large, /^HTTP\/1\.1 431 .*request\.headers_too_large/s);
  for (const answer of [noHost, expectation, large]) assert.match(answer, id);
});

test('a client of HTTP/1.0 needs no Host, and one that asks for 100-continue gets it', async () => {
  const old = await raw('GET /v1/models HTTP/1.0\r\nauthorization: Bearer smv_test\r\n\r\n');
  assert.match(old, /^HTTP\/1\.1 200 /);
  const asks = await raw(
    'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer smv_test\r\n' +
      'content-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}',
  );
  assert.match(asks, /^HTTP\/1\.1 100 .*HTTP\/1\.1 400 /s);
});

test('a body that trickles in is ended with 408 when its time is over', async () => {
  const head = (path: string) =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer smv_test\r\n` +
    'content-type: application/json\r\ncontent-length: 100000\r\n\r\n{';
  const began = performance.now();
  const answer = await raw(head('/v1/chat/completions'), true);
  assert.match(answer, /^HTTP\/1\.1 408 .*request\.timeout/s);
  assert.match(answer, id);
  assert.ok(performance.now() - began < 5000);
});
