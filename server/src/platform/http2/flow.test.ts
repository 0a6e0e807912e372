import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants, type OutgoingHttpHeaders } from 'node:http2';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connectRaw, frame, requestFrame, settingOf, uint32 } from '../../../test/http2/raw-connection.ts';
import {
  echo,
  okHeaders,
  startTestHttp2Server,
  type TestHttp2Server,
  trailers,
} from '../../../test/http2/test-http2-server.ts';
import { errorCode, flag, frameType, setting } from './protocol.ts';
import type { ServerStream } from './server-stream.ts';

let server: TestHttp2Server;
let session: ClientHttp2Session;
let drained = 0;
let held: ServerStream | null = null;
const piece = Buffer.alloc(10_000, 'x');
before(async () => {
  server = await startTestHttp2Server({
    answer(stream, body, head) {
      if (head.path === '/hold') held = stream;
      else if (head.path === '/pour') pour(stream);
      else echo(stream, body);
    },
    drained(stream) {
      drained += 1;
      if (stream === held) return;
      stream.end(trailers);
    },
  });
  session = connect(`http://127.0.0.1:${server.port}`);
});
after(async () => {
  session.destroy();
  await server.stop();
});

function pour(stream: ServerStream): void {
  stream.respond(okHeaders, false);
  while (stream.write(piece));
}

async function call(from: ClientHttp2Session, body: Buffer, more: OutgoingHttpHeaders = {}) {
  const stream = from.request({ ':method': 'POST', ':path': '/', ...more });
  const seen: Record<string, unknown> = {};
  stream.on('response', (headers) => Object.assign(seen, headers));
  stream.on('trailers', (headers) => Object.assign(seen, headers));
  stream.end(body);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return { seen, body: Buffer.concat(chunks) };
}

test("Node's client gets back what it sends, of any size, with headers and trailers", async () => {
  for (const size of [0, 1, 100, 16_384, 16_385, 100_000, 3_000_000]) {
    const body = randomBytes(size);
    const answer = await call(session, body);
    assert.ok(answer.body.equals(body), `${size} bytes`);
    assert.equal(answer.seen[':status'], 200);
    assert.equal(answer.seen['x-end'], 'yes');
  }
});

test('many calls at once get their own answers', async () => {
  const bodies = Array.from({ length: 100 }, (_, index) => randomBytes(index * 700));
  const answers = await Promise.all(bodies.map((body) => call(session, body)));
  for (const [index, answer] of answers.entries()) assert.ok(answer.body.equals(bodies[index] ?? piece));
});

test('headers come as they were sent, those of one name joined, also from a client that keeps changing them', async () => {
  let all = '';
  for (let code = 0x21; code <= 0x7e; code += 1) all += String.fromCharCode(code);
  for (let round = 0; round < 60; round += 1) {
    const more = {
      'x-all': all,
      'x-round': `${round} ${'y'.repeat(round * 20)}z`,
      'x-two': ['a', 'b'],
      authorization: `Bearer ${round % 2}`,
      cookie: ['a=1', 'b=2'],
    };
    await call(session, Buffer.alloc(0), more);
    const head = server.heads.at(-1);
    assert.equal(head?.method, 'POST');
    assert.equal(head?.headers['x-all'], all);
    assert.equal(head?.headers['x-round'], more['x-round']);
    assert.equal(head?.headers['x-two'], 'a, b');
    assert.equal(head?.headers.authorization, more.authorization);
    assert.equal(head?.headers.cookie, 'a=1; b=2');
    assert.equal(head?.headers.constructor, undefined);
  }
});

test('a client with a table of another size is understood, and understands', async () => {
  for (const headerTableSize of [0, 100, 65_536]) {
    const other = connect(`http://127.0.0.1:${server.port}`, { settings: { headerTableSize } });
    for (let round = 0; round < 3; round += 1) {
      const answer = await call(other, piece, { 'x-a': 'b'.repeat(round) });
      assert.equal(answer.seen['content-type'], 'text/plain');
    }
    other.destroy();
  }
});

test('a method is told to wait when its client does not fetch, and to go on when it has', async () => {
  drained = 0;
  const stream = session.request({ ':method': 'POST', ':path': '/pour' });
  stream.end();
  await once(stream, 'response');
  await pause(50);
  assert.equal(drained, 0);
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  assert.equal(drained, 1);
  assert.ok(bytes >= 65_535 && bytes < 200_000, `${bytes} bytes`);
});

test('nothing is sent beyond windows, and what waits goes when they open, by a setting too', async () => {
  const raw = await connectRaw(server.port);
  const sentBytes = () =>
    raw.frames
      .filter(({ type }) => type === frameType.data)
      .reduce((sum, { payload }) => sum + payload.length, 0);
  raw.send(frame(frameType.settings, 0, 0, settingOf(setting.initialWindowSize, 10)));
  raw.send(requestFrame(1, '/pour'));
  await raw.next(frameType.headers, 1);
  await pause(20);
  assert.equal(sentBytes(), 10);
  raw.send(frame(frameType.settings, 0, 0, settingOf(setting.initialWindowSize, 3)));
  raw.send(frame(frameType.windowUpdate, 0, 1, uint32(7)));
  await pause(20);
  assert.equal(sentBytes(), 10, 'a window that went below zero');
  raw.send(frame(frameType.settings, 0, 0, settingOf(setting.initialWindowSize, 103)));
  await pause(20);
  assert.equal(sentBytes(), 110);
  raw.send(frame(frameType.windowUpdate, 0, 1, uint32(1_000_000)));
  await pause(50);
  // The method writes until it is told to wait: two pieces.
  assert.equal(sentBytes(), 20_000);
  for (const id of [3, 5, 7])
    raw.send(requestFrame(id, '/pour'), frame(frameType.windowUpdate, 0, id, uint32(1_000_000)));
  await pause(50);
  assert.equal(sentBytes(), 65_535, 'the window of the connection');
  raw.send(frame(frameType.windowUpdate, 0, 0, uint32(1_000_000)));
  while (sentBytes() < 80_000) await pause(5);
  raw.close();
});

test('a stream that is paused gives no room, and all of it when it goes on', async () => {
  const stream = session.request({ ':method': 'POST', ':path': '/hold' });
  await pause(20);
  const [open] = server.open;
  assert.ok(open);
  open.pause();
  const body = randomBytes(1_000_000);
  stream.end(body);
  await pause(100);
  assert.notEqual(held, open, 'the client waits');
  open.resume();
  for (let tries = 0; held !== open && tries < 200; tries += 1) await pause(10);
  assert.equal(held, open, 'all of it has come');
  open.respond(okHeaders, false);
  open.end(trailers);
  stream.resume();
  await once(stream, 'close');
  assert.ok((await call(session, body)).body.equals(body), 'and others have their room');
});

test('an answer before the end of its request is seen, and the rest thrown away', async () => {
  const raw = await connectRaw(server.port);
  raw.send(requestFrame(1, '/', false));
  while (server.open.size === 0) await pause(5);
  const [stream] = server.open;
  stream?.respond(okHeaders, true);
  assert.equal(stream?.gone, true);
  assert.equal(stream?.isClosed, false);
  raw.send(frame(frameType.data, 0, 1, piece), frame(frameType.data, flag.endStream, 1, piece));
  for (let tries = 0; server.open.size > 0 && tries < 100; tries += 1) await pause(5);
  assert.equal(stream?.isClosed, true);
  raw.close();
});

test('a stream that is reset by us or by the client is closed once, and nothing reaches it', async () => {
  const stream = session.request({ ':method': 'POST', ':path': '/hold' });
  stream.on('error', () => {});
  while (server.open.size === 0) await pause(5);
  const [first] = server.open;
  first?.reset(constants.NGHTTP2_CANCEL);
  await once(stream, 'close');
  assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL);
  const other = session.request({ ':method': 'POST', ':path': '/hold' });
  other.on('error', () => {});
  while (server.open.size === 0) await pause(5);
  const [second] = server.open;
  other.close(constants.NGHTTP2_CANCEL);
  for (let tries = 0; server.open.size > 0 && tries < 100; tries += 1) await pause(5);
  for (const each of [first, second]) {
    assert.equal(each?.write(piece), false);
    each?.end(trailers);
  }
  assert.ok((await call(session, piece)).body.equals(piece));
});

test('a connection that closes lets open streams end, takes those that come meanwhile, and then is gone', async () => {
  const own = connect(`http://127.0.0.1:${server.port}`);
  await call(own, piece);
  const stream = own.request({ ':method': 'POST', ':path': '/hold' });
  const raw = await connectRaw(server.port);
  raw.send(requestFrame(1, '/hold'));
  while (server.open.size < 2) await pause(5);
  const farewell = once(own, 'goaway');
  for (const connection of server.connections.slice(-2)) connection.close();
  await farewell;
  raw.send(requestFrame(3, '/'));
  await raw.next(frameType.headers, 3);
  held = null;
  stream.end();
  while (held === null) await pause(5);
  for (const open of server.open) {
    open.respond(okHeaders, false);
    open.write(piece);
    open.end(trailers);
  }
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  assert.equal(bytes, piece.length);
  await raw.closed;
  const farewells = raw.frames.filter(({ type }) => type === frameType.goaway);
  assert.deepEqual(
    farewells.map(({ payload }) => payload.readUInt32BE(0)),
    [2 ** 31 - 1, 3],
  );
  assert.equal(server.faults.at(-1), null);
});

test('streams that are paused keep no other from sending, and hold so much together before one is reset', async () => {
  const raw = await connectRaw(server.port);
  const before = new Set(server.open);
  const ids = [1, 3, 5, 7, 9];
  for (const id of ids) raw.send(requestFrame(id, '/', false));
  while (server.open.size < before.size + ids.length) await pause(5);
  const opened = [...server.open].filter((stream) => !before.has(stream));
  for (const stream of opened) if (stream.id !== 9) stream.pause();
  const send = (id: number, count: number) => {
    const full = frame(frameType.data, 0, id, Buffer.alloc(16_384));
    for (let sent = 0; sent < count; sent += 1) raw.send(full);
  };
  for (const id of ids) send(id, 15);
  raw.send(frame(frameType.data, flag.endStream, 9));
  await raw.next(frameType.headers, 9);
  raw.send(requestFrame(11, '/', false));
  while (![...server.open].some(({ id }) => id === 11)) await pause(5);
  for (const stream of server.open) if (stream.id === 11) stream.pause();
  send(11, 5);
  assert.equal(await raw.resetCode(11), errorCode.enhanceYourCalm);
  for (const stream of opened) stream.resume();
  for (const id of [1, 3, 5, 7]) {
    raw.send(frame(frameType.data, flag.endStream, id));
    await raw.next(frameType.headers, id);
  }
  raw.close();
});
