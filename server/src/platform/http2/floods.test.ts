import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import {
  connectRaw,
  frame,
  type RawConnection,
  requestBlock,
  requestFrame,
  settingOf,
  uint32,
} from '../../../test/http2/raw-connection.ts';
import {
  okHeaders,
  startTestHttp2Server,
  type TestHttp2Server,
  trailers,
} from '../../../test/http2/test-http2-server.ts';
import { encodeField } from './hpack/encode-fields.ts';
import { errorCode, flag, frameType, setting } from './protocol.ts';

let server: TestHttp2Server;
const sixtyKilobytes = Buffer.alloc(60_000, 'x');
before(async () => {
  server = await startTestHttp2Server({
    limits: { unfetchedBytes: 1024 * 1024 },
    answer(stream, _body, { path }) {
      if (path === '/wide') {
        stream.respond(okHeaders + encodeField('x-wide', 'x'.repeat(8000)), true);
        return;
      }
      stream.respond(okHeaders, false);
      if (path === '/large') for (let count = 0; count < 4; count += 1) stream.write(sixtyKilobytes);
      stream.end(trailers);
    },
  });
});
after(() => server.stop());

const { data, headers, priority, rstStream, settings, ping, windowUpdate, continuation } = frameType;
const { endHeaders, endStream } = flag;

/** Sends again and again until the connection ends, and says with which code. */
async function flooded(make: (round: number) => readonly Buffer[], first: readonly Buffer[] = []) {
  const raw = await connectRaw(server.port);
  raw.send(...first);
  for (let round = 0; round < 200 && !raw.socket.destroyed; round += 1) {
    raw.send(...make(round));
    await nextTurn();
    if (raw.frames.some(({ type }) => type === frameType.goaway)) break;
  }
  const code = await raw.farewell();
  raw.close();
  return code;
}

function times(count: number, bytes: Buffer): readonly Buffer[] {
  return Array.from({ length: count }, () => bytes);
}

/** With room for all it asks for in its windows, and none in its socket. */
async function connectAndReadNothing(): Promise<RawConnection> {
  const raw = await connectRaw(server.port);
  raw.send(frame(windowUpdate, 0, 0, uint32(2 ** 30)));
  await raw.next(settings);
  raw.socket.pause();
  return raw;
}

async function othersAreServed(): Promise<void> {
  const raw: RawConnection = await connectRaw(server.port);
  raw.send(requestFrame(1, '/'));
  await raw.next(headers, 1);
  raw.close();
}

test('frames that lead nowhere end a connection that sends too many of them', async () => {
  const begun = [requestFrame(1, '/', false)];
  const floods: Record<string, readonly [Buffer, (readonly Buffer[])?]> = {
    settings: [frame(settings, 0, 0, settingOf(setting.initialWindowSize, 70_000))],
    'settings taken': [frame(settings, flag.ack, 0)],
    pings: [frame(ping, 0, 0, Buffer.alloc(8))],
    'answers to pings': [frame(ping, flag.ack, 0, Buffer.alloc(8))],
    priorities: [frame(priority, 0, 1, Buffer.alloc(5))],
    'data without bytes': [frame(data, 0, 1), begun],
    'data of padding': [frame(data, flag.padded, 1, Buffer.from([2, 0, 0])), begun],
    'wider windows': [frame(windowUpdate, 0, 0, uint32(1))],
    'wider windows of a stream': [frame(windowUpdate, 0, 1, uint32(1)), begun],
    'resets of a stream that is reset': [
      frame(rstStream, 0, 1, uint32(8)),
      [...begun, frame(rstStream, 0, 1, uint32(8))],
    ],
    'unknown frames': [frame(99, 0, 0)],
  };
  for (const [name, [bytes, first]] of Object.entries(floods))
    assert.equal(await flooded(() => times(1000, bytes), first), errorCode.enhanceYourCalm, name);
  await othersAreServed();
});

test('streams that are opened and reset end the connection, also those that the client makes us reset', async () => {
  const opened = (round: number, make: (id: number) => readonly Buffer[]) =>
    Array.from({ length: 100 }, (_, index) => make(1 + 2 * (round * 100 + index))).flat();
  const resetByIt = (id: number) => [requestFrame(id, '/', false), frame(rstStream, 0, id, uint32(8))];
  const resetByUs = (id: number) => [requestFrame(id, '/', false), frame(windowUpdate, 0, id, uint32(0))];
  const malformed = (id: number) => [frame(headers, endHeaders, id, Buffer.from([0x82]))];
  for (const make of [resetByIt, resetByUs, malformed])
    assert.equal(await flooded((round) => opened(round, make)), errorCode.enhanceYourCalm);
  assert.equal(server.open.size, 0);
  await othersAreServed();
});

test('a client that cancels now and then, and measures its windows, is let be', async () => {
  const raw = await connectRaw(server.port);
  for (let id = 1; id < 1000; id += 2) {
    raw.send(requestFrame(id, '/', false), frame(rstStream, 0, id, uint32(8)));
    raw.send(...times(5, frame(windowUpdate, 0, 0, uint32(10))));
  }
  raw.send(requestFrame(1001, '/'));
  await raw.next(headers, 1001);
  raw.close();
});

test('headers without an end are not gathered', async () => {
  const begin = frame(headers, endStream, 1, requestBlock('/'));
  const empty = () => times(100, frame(continuation, 0, 1));
  assert.equal(await flooded(empty, [begin]), errorCode.enhanceYourCalm);
  const full = () => [frame(continuation, 0, 1, Buffer.alloc(16_000))];
  assert.equal(await flooded(full, [begin]), errorCode.enhanceYourCalm);
});

/** A HEADERS frame and the CONTINUATION frames that its block needs. */
function inFrames(id: number, block: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < block.length; at += 16_000) {
    const last = at + 16_000 >= block.length ? endHeaders : 0;
    const part = block.subarray(at, at + 16_000);
    parts.push(at === 0 ? frame(headers, endStream | last, id, part) : frame(continuation, last, id, part));
  }
  return parts;
}

const listOf = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, 'x'.repeat(3000)]));

test('a list of headers that is too large is refused alone, also when few bytes stand for it', async () => {
  const raw = await connectRaw(server.port);
  raw.send(...inFrames(1, requestBlock('/', listOf(12))));
  assert.equal(await raw.resetCode(1), errorCode.enhanceYourCalm);
  raw.send(requestFrame(3, '/'));
  await raw.next(headers, 3);
  raw.send(...inFrames(5, requestBlock('/', listOf(45))));
  assert.equal(await raw.farewell(), errorCode.enhanceYourCalm, 'many times what a list may have');
  const bomb = await connectRaw(server.port);
  const remembered = Buffer.from(`\x40\x01a\x7f\xa1\x1e${'x'.repeat(4000)}`, 'latin1');
  bomb.send(frame(headers, endHeaders | endStream, 1, Buffer.concat([requestBlock('/'), remembered])));
  await bomb.next(headers, 1);
  bomb.send(
    frame(headers, endHeaders | endStream, 3, Buffer.concat([requestBlock('/'), Buffer.alloc(10_000, 0xbe)])),
  );
  assert.equal(await bomb.resetCode(3), errorCode.enhanceYourCalm);
  bomb.send(requestFrame(5, '/'));
  await bomb.next(headers, 5);
  bomb.close();
});

test('data beyond the window of a stream is refused, and the others go on', async () => {
  const raw = await connectRaw(server.port);
  const full = frame(data, 0, 1, Buffer.alloc(16_384));
  raw.send(requestFrame(1, '/', false), requestFrame(3, '/', false));
  while (server.open.size < 2) await pause(5);
  for (const stream of server.open) stream.pause();
  raw.send(...times(17, full));
  assert.equal(await raw.resetCode(1), errorCode.flowControlError);
  raw.send(frame(data, endStream, 3));
  await raw.next(headers, 3);
  raw.close();
});

test('windows that grow beyond the largest are refused: of a stream alone, of the connection with it', async () => {
  const most = uint32(2 ** 31 - 1);
  const raw = await connectRaw(server.port);
  raw.send(requestFrame(1, '/', false), frame(windowUpdate, 0, 1, most));
  assert.equal(await raw.resetCode(1), errorCode.flowControlError);
  raw.send(frame(windowUpdate, 0, 0, most));
  assert.equal(await raw.farewell(), errorCode.flowControlError);
  const other = await connectRaw(server.port);
  other.send(requestFrame(1, '/', false), frame(windowUpdate, 0, 1, uint32(2 ** 31 - 1 - 65_535)));
  other.send(frame(settings, 0, 0, settingOf(setting.initialWindowSize, 65_536)));
  assert.equal(await other.farewell(), errorCode.flowControlError);
});

test('answers that a client does not fetch are not gathered without end', async () => {
  const raw = await connectRaw(server.port);
  raw.send(frame(settings, 0, 0, settingOf(setting.initialWindowSize, 0)));
  for (let id = 1; id < 100; id += 2) raw.send(requestFrame(id, '/large'));
  assert.equal(await raw.resetCode(), errorCode.enhanceYourCalm);
  assert.ok(server.open.size < 10, `${server.open.size} answers of 240 KB wait`);
  raw.close();
});

test('a client that asks and reads nothing at all is read no further', async () => {
  const raw = await connectAndReadNothing();
  const before = server.heads.length;
  const memoryBefore = process.memoryUsage().rss;
  for (let round = 0; round < 400; round += 1) {
    const asked = Array.from({ length: 50 }, (_, at) => requestFrame(round * 100 + at * 2 + 1, '/wide'));
    raw.send(...asked);
    await nextTurn();
  }
  await pause(200);
  const read = server.heads.length - before;
  assert.ok(read < 5000, `it has read ${read} requests, whose answers take 8 KB each`);
  const grownBytes = process.memoryUsage().rss - memoryBefore;
  assert.ok(grownBytes < 200 * 1024 * 1024, `${grownBytes} bytes`);
  assert.notEqual(server.connections.at(-1)?.stuckSince, null);
  raw.socket.resume();
  await raw.next(headers, 399 * 100 + 99);
  assert.equal(server.connections.at(-1)?.stuckSince, null);
  raw.close();
});

test('many short answers that a client does not fetch take the memory of their bytes, not of a page each', async () => {
  const raw = await connectAndReadNothing();
  const connection = server.connections.at(-1);
  let id = 1;
  const ask = async (path: string): Promise<void> => {
    raw.send(requestFrame(id, path));
    id += 2;
    await nextTurn();
  };
  while (connection?.stuckSince === null) await ask('/wide');
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 3000; count += 1) await ask('/');
  const grownBytes = process.memoryUsage().arrayBuffers - before;
  assert.ok(grownBytes < 8 * 1024 * 1024, `${grownBytes} bytes`);
  raw.socket.resume();
  await raw.next(headers, id - 2);
  assert.equal(connection?.stuckSince, null);
  for (const asked of [1, 3, 1001, id - 2]) await raw.next(headers, asked);
  raw.close();
});

test('a client that fetches nothing can be ended also after the farewell', async () => {
  const raw = await connectAndReadNothing();
  const connection = server.connections.at(-1);
  assert.ok(connection);
  for (let id = 1; connection.stuckSince === null; id += 2) {
    raw.send(requestFrame(id, '/wide'));
    await nextTurn();
  }
  connection.close();
  await pause(20);
  assert.ok(connection.unfetchedBytes > 0);
  const ended = server.faults.length;
  connection.fail(errorCode.enhanceYourCalm, 'too_much_memory');
  await pause(50);
  assert.equal(server.faults.length, ended + 1);
  raw.close();
});

test('a client that begins and drops much at once leaves others their turn meanwhile', async () => {
  const [busy, other] = await Promise.all([connectRaw(server.port), connectRaw(server.port)]);
  const before = server.heads.length;
  const dropped = Array.from({ length: 900 }, (_, index) => [
    requestFrame(index * 2 + 1, '/dropped', false),
    frame(rstStream, 0, index * 2 + 1, uint32(errorCode.cancel)),
  ]);
  busy.send(...dropped.flat());
  other.send(requestFrame(1, '/other'));
  await other.next(headers, 1);
  const heads = server.heads.slice(before);
  const place = heads.findIndex(({ path }) => path === '/other');
  assert.ok(place >= 0 && place < 100, `after ${place} others`);
  while (server.heads.length < before + 901) await pause(5);
  busy.send(requestFrame(1801, '/last'));
  await busy.next(headers, 1801);
  for (const raw of [busy, other]) raw.close();
});
