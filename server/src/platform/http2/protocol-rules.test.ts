import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import {
  connectRaw,
  frame,
  hello,
  type RawConnection,
  requestBlock,
  requestFrame,
  settingOf,
  uint32,
} from '../../../test/http2/raw-connection.ts';
import { startTestHttp2Server, type TestHttp2Server } from '../../../test/http2/test-http2-server.ts';
import { encodeField } from './hpack/encode-fields.ts';
import { clientPreface, errorCode, flag, frameType, setting } from './protocol.ts';

let server: TestHttp2Server;
before(async () => {
  server = await startTestHttp2Server({ limits: { concurrentStreams: 3 } });
});
after(() => server.stop());

const { data, headers, priority, rstStream, settings, ping, goaway, windowUpdate, continuation } = frameType;
const { endHeaders, endStream, padded } = flag;

async function endsConnection(name: string, code: number, ...parts: readonly Buffer[]): Promise<void> {
  const raw = await connectRaw(server.port);
  raw.send(...parts);
  assert.equal(await raw.farewell(), code, name);
  await raw.closed;
}

async function resetsStream(name: string, code: number, ...parts: readonly Buffer[]): Promise<void> {
  const raw = await connectRaw(server.port);
  raw.send(...parts);
  assert.equal(await raw.resetCode(1), code, name);
  await stillServes(raw, name);
  raw.close();
}

async function stillServes(raw: RawConnection, name: string): Promise<void> {
  raw.send(requestFrame(101, '/still'));
  assert.ok(await raw.next(headers, 101), name);
}

const begun = requestFrame(1, '/', false);
const whole = requestFrame(1, '/');

test('a connection begins with settings of either side, ours acknowledged or not', async () => {
  const raw = await connectRaw(server.port);
  const first = await raw.next(settings);
  assert.equal(first.flags, 0);
  while (!raw.frames.some(({ type, flags }) => type === settings && flags === flag.ack)) await pause(5);
  await stillServes(raw, 'without an acknowledgement');
  raw.close();
});

test('what does not begin as HTTP/2 does is ended', async () => {
  for (const words of ['GET / HTTP/1.1\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\rx', '\x16\x03\x01'])
    for (const parts of [[words], words.split('')]) {
      const raw = await connectRaw(server.port, []);
      for (const part of parts) raw.send(Buffer.from(part, 'latin1'));
      await raw.closed;
    }
  for (const first of [frame(ping, 0, 0, Buffer.alloc(8)), whole, frame(settings, flag.ack, 0)]) {
    const raw = await connectRaw(server.port, [clientPreface, first]);
    assert.equal(await raw.farewell(), errorCode.protocolError);
  }
});

test('the preface in pieces of one byte is the preface', async () => {
  const raw = await connectRaw(server.port, []);
  for (const byte of Buffer.concat([...hello])) raw.send(Buffer.from([byte]));
  await stillServes(raw, 'in pieces');
  raw.close();
});

test('a stream id is odd, and higher than all before it', async () => {
  const protocolError = errorCode.protocolError;
  await endsConnection('an even one', protocolError, requestFrame(2, '/'));
  await endsConnection('none', protocolError, requestFrame(0, '/'));
  await endsConnection('a lower one', protocolError, requestFrame(5, '/'), requestFrame(3, '/'));
});

test('a frame on a stream that never opened ends the connection', async () => {
  const code = errorCode.protocolError;
  await endsConnection('data', code, frame(data, 0, 1, Buffer.from('x')));
  await endsConnection('a reset', code, frame(rstStream, 0, 1, uint32(8)));
  await endsConnection('a window', code, frame(windowUpdate, 0, 1, uint32(8)));
  await endsConnection('of ours', code, frame(windowUpdate, 0, 2, uint32(8)));
  await endsConnection('data of nobody', code, frame(data, 0, 0, Buffer.from('x')));
});

test('frames behind the end of a stream are its fault, and of a closed one too', async () => {
  const more = frame(data, 0, 1, Buffer.from('x'));
  await resetsStream('data behind the end', errorCode.streamClosed, whole, more);
  const left = [begun, frame(rstStream, 0, 1, uint32(8))];
  await resetsStream('data behind a reset', errorCode.streamClosed, ...left, more);
  await endsConnection('headers behind a reset', errorCode.streamClosed, ...left, begun);
  const raw = await connectRaw(server.port);
  raw.send(whole, frame(windowUpdate, 0, 1, uint32(8)), frame(rstStream, 0, 1, uint32(8)));
  raw.send(frame(priority, 0, 1, Buffer.alloc(5)));
  await stillServes(raw, 'what may come late');
  raw.close();
});

test('what comes on a stream that we have reset is thrown away, and the table of headers stays in step', async () => {
  const raw = await connectRaw(server.port);
  // A window that is too wide has the stream reset.
  raw.send(begun, frame(windowUpdate, 0, 1, uint32(2 ** 31 - 1)));
  await raw.next(rstStream, 1);
  const remembered = Buffer.from('\x40\x03x-a\x01b', 'latin1');
  raw.send(frame(data, 0, 1, Buffer.from('x')), frame(headers, endHeaders | endStream, 1, remembered));
  const block = Buffer.concat([requestBlock('/late'), Buffer.from([0xbe])]);
  raw.send(frame(headers, endHeaders | endStream, 3, block));
  await raw.next(headers, 3);
  assert.equal(server.heads.at(-1)?.headers['x-a'], 'b');
  raw.close();
});

test('more streams than allowed at once are refused alone', async () => {
  const raw = await connectRaw(server.port);
  for (const id of [1, 3, 5, 7]) raw.send(requestFrame(id, '/', false));
  assert.equal((await raw.next(rstStream)).streamId, 7);
  assert.equal(await raw.resetCode(7), errorCode.refusedStream);
  raw.send(frame(data, endStream, 1));
  await raw.next(headers, 1);
  raw.send(requestFrame(9, '/'));
  await raw.next(headers, 9);
  raw.close();
});

test('a stream that depends on itself is reset, in headers and in a priority', async () => {
  const itself = Buffer.concat([uint32(1), Buffer.from([10])]);
  const block = Buffer.concat([itself, requestBlock('/')]);
  const flags = endHeaders | endStream | flag.priority;
  await resetsStream('in headers', errorCode.protocolError, frame(headers, flags, 1, block));
  await resetsStream('in a priority', errorCode.protocolError, begun, frame(priority, 0, 1, itself));
  await endsConnection('of an idle stream', errorCode.protocolError, frame(priority, 0, 1, itself));
  await resetsStream('of another length', errorCode.frameSizeError, begun, frame(priority, 0, 1, uint32(3)));
});

test('nothing may come between the parts of headers', async () => {
  const code = errorCode.protocolError;
  const part = frame(headers, endStream, 1, requestBlock('/'));
  await endsConnection('a ping', code, part, frame(ping, 0, 0, Buffer.alloc(8)));
  await endsConnection('those of another', code, part, frame(continuation, endHeaders, 3));
  await endsConnection('an unknown frame', code, part, frame(99, 0, 1));
  await endsConnection('without a beginning', code, whole, frame(continuation, endHeaders, 1));
  const raw = await connectRaw(server.port);
  const block = requestBlock('/parts', { 'x-a': 'b' });
  raw.send(frame(headers, endStream, 1, block.subarray(0, 5)), frame(continuation, 0, 1));
  raw.send(frame(continuation, endHeaders, 1, block.subarray(5)));
  await raw.next(headers, 1);
  assert.equal(server.heads.at(-1)?.headers['x-a'], 'b');
  raw.close();
});

test('frames of a wrong length end the connection', async () => {
  const code = errorCode.frameSizeError;
  await endsConnection('a ping', code, frame(ping, 0, 0, Buffer.alloc(7)));
  await endsConnection('a reset', code, begun, frame(rstStream, 0, 1, Buffer.alloc(5)));
  await endsConnection('a window', code, frame(windowUpdate, 0, 0, Buffer.alloc(3)));
  await endsConnection('settings', code, frame(settings, 0, 0, Buffer.alloc(5)));
  await endsConnection('settings taken', code, frame(settings, flag.ack, 0, Buffer.alloc(6)));
  await endsConnection('a long frame', code, frame(data, 0, 1, Buffer.alloc(16_385)));
  const padding = frame(data, padded, 1, Buffer.from([5, 1, 1]));
  await endsConnection('padding', errorCode.protocolError, begun, padding);
});

test('settings that none may have end the connection, unknown ones mean nothing', async () => {
  const set = (name: number, value: number) => frame(settings, 0, 0, settingOf(name, value));
  await endsConnection('push', errorCode.protocolError, set(setting.enablePush, 2));
  await endsConnection('a window', errorCode.flowControlError, set(setting.initialWindowSize, 2 ** 31));
  for (const size of [16_383, 2 ** 24])
    await endsConnection('a frame', errorCode.protocolError, set(setting.maxFrameSize, size));
  await endsConnection('on a stream', errorCode.protocolError, frame(settings, 0, 1));
  const many = Buffer.concat(Array.from({ length: 33 }, () => settingOf(99, 1)));
  await endsConnection('too many', errorCode.enhanceYourCalm, frame(settings, 0, 0, many));
  const raw = await connectRaw(server.port);
  raw.send(set(99, 7), set(setting.maxFrameSize, 2 ** 24 - 1), set(setting.headerTableSize, 0));
  await stillServes(raw, 'unknown settings');
  raw.close();
});

test('pushes of a client and farewells on a stream end the connection, unknown frames mean nothing', async () => {
  await endsConnection('a push', errorCode.protocolError, begun, frame(5, endHeaders, 1, uint32(2)));
  await endsConnection('a farewell', errorCode.protocolError, begun, frame(goaway, 0, 1, Buffer.alloc(8)));
  await endsConnection('a ping', errorCode.protocolError, begun, frame(ping, 0, 1, Buffer.alloc(8)));
  const raw = await connectRaw(server.port);
  raw.send(frame(0x10, 0xff, 0, Buffer.from('u=3')), frame(goaway, 0, 0, Buffer.alloc(8)));
  await stillServes(raw, 'an unknown frame and a farewell');
  raw.close();
});

test('a malformed request is reset, and no other harmed', async () => {
  const with_ = (more: Readonly<Record<string, string>>) =>
    frame(headers, endHeaders | endStream, 1, requestBlock('/', more));
  const wrong: Record<string, Buffer> = {
    'a name with upper case': with_({ 'X-a': 'b' }),
    'no name': with_({ '': 'b' }),
    'an unknown field of HTTP/2': with_({ ':other': 'b' }),
    'the field of an answer': with_({ ':status': '200' }),
    'a connection of HTTP/1': with_({ connection: 'keep-alive' }),
    'another transfer': with_({ te: 'gzip' }),
    'spaces around': with_({ 'x-a': ' b' }),
    'a length that is none': with_({ 'content-length': '-1' }),
    'a length that is not kept': with_({ 'content-length': '1' }),
    'an empty path': frame(headers, endHeaders | endStream, 1, requestBlock('')),
  };
  for (const [name, bytes] of Object.entries(wrong)) await resetsStream(name, errorCode.protocolError, bytes);
  const late = Buffer.concat([
    requestBlock('/', { 'x-a': 'b' }),
    Buffer.from(encodeField(':path', '/'), 'latin1'),
  ]);
  await resetsStream('a late path', errorCode.protocolError, frame(headers, endHeaders | endStream, 1, late));
  const nul = Buffer.concat([requestBlock('/'), Buffer.from('\x00\x03x-a\x01\x00', 'latin1')]);
  await resetsStream('a zero', errorCode.protocolError, frame(headers, endHeaders | endStream, 1, nul));
});

test('a request ends with trailers as with data, and trailers must end it', async () => {
  const raw = await connectRaw(server.port);
  const last = Buffer.from(encodeField('x-last', 'yes'), 'latin1');
  raw.send(begun, frame(data, 0, 1, Buffer.from('tea')), frame(headers, endHeaders | endStream, 1, last));
  assert.equal((await raw.next(data, 1)).payload.toString(), 'tea');
  raw.close();
  const code = errorCode.protocolError;
  await resetsStream('not the end', code, begun, frame(headers, endHeaders, 1, last));
  const path = Buffer.from(encodeField(':path', '/'), 'latin1');
  await resetsStream('a field of HTTP/2', code, begun, frame(headers, endHeaders | endStream, 1, path));
});

test('a length that was told must be kept', async () => {
  const head = frame(headers, endHeaders, 1, requestBlock('/', { 'content-length': '3' }));
  const code = errorCode.protocolError;
  await resetsStream('more', code, head, frame(data, 0, 1, Buffer.from('teas')));
  await resetsStream('less', code, head, frame(data, endStream, 1, Buffer.from('te')));
  const raw = await connectRaw(server.port);
  raw.send(head, frame(data, padded | endStream, 1, Buffer.from('\x02tea\x00\x00', 'latin1')));
  assert.equal((await raw.next(data, 1)).payload.toString(), 'tea');
  raw.close();
});

test('a block of headers that means nothing ends the connection with COMPRESSION_ERROR', async () => {
  const block = frame(headers, endHeaders | endStream, 1, Buffer.from([0xff, 0xff]));
  await endsConnection('a block', errorCode.compressionError, block);
});
