import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chatBody, startTestGateway, type TestGateway, versionId } from '../../../../test/gateway.ts';
import {
  beginEvents,
  chatAnswer,
  chatEvent,
  doneEvent,
  type ScriptedWorker,
  sendJson,
  startScriptedWorker,
} from '../../../../test/scripted-worker.ts';
import { createHeadWriter } from './answer-head.ts';

let worker: ScriptedWorker;
let gateway: TestGateway;

before(async () => {
  worker = await startScriptedWorker(async ({ body, response }) => {
    const said = JSON.stringify(body.messages);
    if (said.includes('slow')) await sleep(150);
    if (body.stream !== true) {
      sendJson(response, 200, chatAnswer(said));
      return;
    }
    beginEvents(response);
    response.write(chatEvent('a'));
    response.end(chatEvent('é'.repeat(9000)) + doneEvent);
  });
  gateway = await startTestGateway({
    replicas: [worker.replica(versionId)],
    bodyLimitBytes: 100_000,
    timeouts: { headersMs: 2000, requestMs: 5000, paceMs: 5000, keepAliveMs: 2000, stallMs: 5000 },
  });
});
after(async () => {
  await gateway.stop();
  await worker.die();
});

/** Sends these parts, each in a packet of its own, and reads until the connection ends. */
async function speak(parts: readonly (string | Buffer)[], pauseMs = 15): Promise<string> {
  const socket = connect(gateway.server.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => undefined);
  socket.setNoDelay(true);
  const closed = once(socket, 'close');
  for (const [index, part] of parts.entries()) {
    if (index > 0) await sleep(pauseMs);
    socket.write(part);
  }
  await closed;
  return Buffer.concat(chunks).toString('utf8');
}

function post(body: string | Buffer, fields = '', path = '/v1/chat/completions'): Buffer {
  const head =
    `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer smv_test\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${fields}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]);
}

const last =
  'GET /v1/models/m HTTP/1.1\r\nhost: x\r\nauthorization: Bearer smv_test\r\nconnection: close\r\n\r\n';
const chat = (say: string, more: object = {}) =>
  JSON.stringify(chatBody({ messages: [{ role: 'user', content: say }], ...more }));

/** Answers without what differs by chance, their header lines in order. */
function comparable(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|_[0-9a-f]{32}/g, 'ID')
    .replace(/_at":\d+/g, '_at":0')
    .replace(/HTTP\/1\.1 \d[\s\S]*?\r\n\r\n/g, (head) => {
      const [status, ...lines] = head.trimEnd().split('\r\n');
      const steady = lines
        .map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()))
        .filter((line) => !/^(date|openai-processing-ms):/.test(line));
      return `\n<${[status, ...steady.sort()].join(' | ')}>\n`;
    });
}

test('an answer is the same by both ways, to good requests and to bad ones', async () => {
  const requests: [string, Buffer][] = [
    ['good', post(chat('Grüße 🙂'))],
    ['query', post(chat('a'), '', '/v1/chat/completions?a=b')],
    ['named', post(chat('a'), 'x-request-id: mine\r\nAccept: */*\r\nConnection: keep-alive\r\n')],
    ['stream', post(chat('a', { stream: true }))],
    ['large', post(chat('x'.repeat(60_000)))],
    ['not json', post('{"a":')],
    ['empty', post('')],
    ['not UTF-8', post(Buffer.from([0x7b, 0xff, 0x7d]))],
    ['unknown model', post(JSON.stringify(chatBody({ model: 'nobody' })))],
    ['unknown parameter', post(chat('a', { what: 1 }))],
    ['response', post(JSON.stringify({ model: 'm', input: 'a' }), '', '/v1/responses')],
    ['wrong key', Buffer.from(post(chat('a')).toString().replace('smv_test', 'smv_tosT'))],
    [
      'no key',
      Buffer.from(
        post(chat('a'))
          .toString()
          .replace(/Authorization.*\r\n/, ''),
      ),
    ],
    ['wrong type', Buffer.from(post(chat('a')).toString().replace('application/json', 'text/plain'))],
    ['two lengths', post(chat('a'), 'content-length: 5\r\n')],
    ['both framings', post(chat('a'), 'transfer-encoding: chunked\r\n')],
    ['chunked', Buffer.from(post('').toString().replace('Content-Length: 0', 'transfer-encoding: chunked'))],
    ['too large', post('x'.repeat(100_001))],
    ['two hosts', post(chat('a'), 'host: y\r\n')],
    ['folded', post(chat('a'), 'x: a\r\n b\r\n')],
    ['NUL', post(chat('a'), 'x: a\0b\r\n')],
    ['bare CR', post(chat('a'), 'x: a\rb\r\n')],
    ['bare LF', post(chat('a'), 'x: a\nb\r\n')],
    ['other path', post(chat('a'), '', '/v1/chat/completion')],
    ['other method', Buffer.from(post(chat('a')).toString().replace('POST', 'PUT'))],
    ['expectation', post(chat('a'), 'expect: tea\r\n')],
  ];
  for (const [name, bytes] of requests) {
    const whole = Buffer.concat([bytes, Buffer.from(last)]);
    // A head that comes in parts is never read by the fast lane.
    const [fast, full] = await Promise.all([
      speak([whole]),
      speak([whole.subarray(0, 1), whole.subarray(1)]),
    ]);
    assert.equal(comparable(fast), comparable(full), name);
    assert.match(fast, /^HTTP\/1\.1 \d/, name);
  }
});

test('a request is whole wherever its body is cut', async () => {
  const bytes = post(chat('é🙂'));
  const bodyAt = bytes.indexOf('\r\n\r\n') + 4;
  const expected = comparable(await speak([bytes, last]));
  for (let cut = bodyAt - 3; cut <= bytes.length; cut += 7) {
    const answer = await speak([bytes.subarray(0, cut), bytes.subarray(cut), last], 5);
    assert.equal(comparable(answer), expected, `cut at ${cut - bodyAt}`);
  }
});

test('requests that are sent without waiting are answered one by one and in order', async () => {
  const texts = ['slow 1', 'two', 'slow 3', 'four'];
  const before = worker.requests.length;
  const bytes = Buffer.concat([...texts.map((text) => post(chat(text))), Buffer.from(last)]);
  for (const parts of [[bytes], [bytes.subarray(0, 700), bytes.subarray(700)]]) {
    const answer = await speak(parts);
    const places = texts.map((text) => answer.indexOf(text));
    assert.ok(
      places.every((place, index) => place > (places[index - 1] ?? 0)),
      String(places),
    );
    assert.equal(answer.split('HTTP/1.1 200').length - 1, texts.length + 1);
  }
  assert.equal(worker.requests.length - before, 2 * texts.length);
});

test('a connection serves request after request, and ends when it has rested too long', async () => {
  const began = performance.now();
  const answer = await speak([post(chat('a')), post(chat('b')), post(chat('c', { stream: true }))], 100);
  assert.equal(answer.split('HTTP/1.1 200').length - 1, 3);
  assert.ok(performance.now() - began > 1500);
  assert.match(answer, /Keep-Alive: timeout=2\r\n/);
});

test('a client that leaves, before its body is whole or while it waits, is metered as gone', async () => {
  for (const bytes of [post(chat('a')).subarray(0, -5), post(chat('slow'))]) {
    const before = gateway.records.length;
    const socket = connect(gateway.server.port, '127.0.0.1');
    socket.write(bytes);
    await sleep(50);
    socket.destroy();
    const records = await gateway.metered(before + 1);
    assert.equal(records.at(-1)?.status, 499);
    assert.equal(gateway.server.openRequests, 0);
  }
});

test('a header that would break its line is never sent', () => {
  const writeHead = createHeadWriter(5000);
  assert.match(
    writeHead(200, ['x-a', 'b'], false),
    /^HTTP\/1\.1 200 OK\r\nx-a: b\r\nDate: .*GMT\r\nConnection: keep-alive\r\n/,
  );
  for (const value of ['a\r\nb: c', 'a\nb', 'a\0', '\u2028'])
    assert.throws(() => writeHead(200, ['x-a', value], false), /no header may have/);
});
