import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import type { ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { create, toBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { framed, rawCall, rawConnection } from '../../../test/grpc/raw-call.ts';
import { createTestClient, pathOf } from '../../../test/grpc/test-client.ts';
import {
  startTestGrpcServer,
  streaming,
  type TestGrpcServer,
  unary,
} from '../../../test/grpc/test-server.ts';

let served: TestGrpcServer;
let session: ClientHttp2Session;
const path = pathOf(unary);
const good = toBinary(unary.input, create(unary.input, { modelUri: 'gpt://a/b', text: 'tea and more tea' }));
/** What bytes may be answered with: what they mean, or that they mean nothing. */
const fair = new Set<number | null>([status.OK, status.INVALID_ARGUMENT, status.UNIMPLEMENTED]);

before(async () => {
  served = await startTestGrpcServer();
  session = rawConnection(served.address);
});
after(async () => {
  session.destroy();
  await served.server.stop(0);
});

async function stillServes(): Promise<void> {
  const client = createTestClient(served.address);
  assert.equal((await client.unary(unary, { text: 'on' })).error, null);
  client.close();
}

test('bytes that are no message are INVALID_ARGUMENT, and told as refused', async () => {
  const wrong: Record<string, Buffer | readonly Buffer[]> = {
    'no message': Buffer.alloc(0),
    'half a prefix': Buffer.from([0, 0, 0]),
    'less than its length': framed(good).subarray(0, 12),
    'two messages': Buffer.concat([framed(good), framed(good)]),
    'rest behind the message': Buffer.concat([framed(good), Buffer.from([0, 0])]),
    'an unknown flag': framed(good, 7),
    'compressed with nothing': framed(gzipSync(good), 1),
    'a tag that is none': framed(Buffer.from([0x07, 0x01])),
    'a length beyond the end': framed(Buffer.from([0x0a, 0x7f, 0x41])),
    'text that is no UTF-8': framed(Buffer.from([0x0a, 0x02, 0xff, 0xfe])),
    'four gigabytes': Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]),
  };
  for (const [name, body] of Object.entries(wrong)) {
    const before = served.refusals.length;
    const answer = await rawCall(session, path, body);
    assert.equal(answer.status, status.INVALID_ARGUMENT, name);
    assert.equal(served.refusals.length, before + 1, name);
  }
  await stillServes();
});

test('a message in pieces of one byte is the message', async () => {
  const whole = framed(good);
  const pieces = Array.from(whole, (byte) => Buffer.from([byte]));
  assert.equal((await rawCall(session, path, pieces)).status, status.OK);
});

test('a message of the largest size arrives in as many pieces as the client likes', async () => {
  const large = toBinary(unary.input, create(unary.input, { text: 'x'.repeat(900_000) }));
  const whole = framed(large);
  const pieces = Array.from({ length: 90 }, (_, index) =>
    whole.subarray(index * 10_001, (index + 1) * 10_001),
  );
  assert.equal((await rawCall(session, path, pieces)).status, status.OK);
});

test('fuzzed bytes and prefixes never bring an internal fault, nor silence', async () => {
  const valid = framed(good);
  for (let round = 0; round < 600; round += 1) {
    const bytes = Buffer.from(valid);
    const kind = round % 4;
    if (kind === 0)
      for (let flips = randomInt(1, 6); flips > 0; flips -= 1)
        bytes[randomInt(bytes.length)] = randomInt(256);
    const body =
      kind === 0
        ? bytes
        : kind === 1
          ? framed(randomBytes(randomInt(0, 200)))
          : kind === 2
            ? randomBytes(randomInt(0, 100))
            : Buffer.concat([valid.subarray(0, randomInt(valid.length)), randomBytes(randomInt(0, 20))]);
    const answer = await rawCall(session, round % 2 ? path : pathOf(streaming), body);
    assert.ok(fair.has(answer.status), `${answer.status} for ${body.toString('hex')}`);
  }
  await stillServes();
});

test('a small message that would become millions of objects is refused before it does', async () => {
  const messages = Buffer.alloc(1_000_000);
  for (let at = 0; at < messages.length; at += 2) messages[at] = 0x1a;
  const answer = await rawCall(session, pathOf(streaming), framed(messages));
  assert.equal(answer.status, status.INVALID_ARGUMENT);
  assert.match(String(answer.headers['grpc-message']), /fields/);
});

test('what is no gRPC is answered in terms of HTTP', async () => {
  const plain = await rawCall(session, path, Buffer.from('{}'), { 'content-type': 'application/json' });
  assert.equal(plain.httpStatus, 415);
  for (const type of ['application/grpc-web', 'application/grpc-web+proto', 'application/grpc+json'])
    assert.equal(
      (await rawCall(session, path, framed(good), { 'content-type': type })).httpStatus,
      415,
      type,
    );
  const get = await rawCall(session, path, Buffer.alloc(0), { ':method': 'PUT' });
  assert.equal(get.httpStatus, 405);
});

test('a time-out that is none and an unknown compression are refused as such', async () => {
  for (const timeout of ['soon', '1', '123456789S', '-1S', '1 S', 'S'])
    assert.equal(
      (await rawCall(session, path, framed(good), { 'grpc-timeout': timeout })).status,
      status.INVALID_ARGUMENT,
      timeout,
    );
  assert.equal(served.refusals.at(-1)?.error?.code, 'request.invalid');
  assert.equal(
    (await rawCall(session, path, framed(good), { 'grpc-timeout': '99999999H' })).status,
    status.OK,
    'a deadline in eleven thousand years',
  );
  const answer = await rawCall(session, path, framed(good, 1), { 'grpc-encoding': 'snappy' });
  assert.equal(answer.status, status.UNIMPLEMENTED);
  assert.equal(answer.headers['grpc-accept-encoding'], 'identity,gzip,deflate');
  for (const inherited of ['constructor', 'toString', '__proto__', '__defineGetter__'])
    assert.equal(
      (await rawCall(session, path, framed(good, 1), { 'grpc-encoding': inherited })).status,
      status.UNIMPLEMENTED,
      inherited,
    );
});

test('a connection that speaks no HTTP/2 is closed', async () => {
  for (const words of [
    'GET / HTTP/1.1\r\nhost: x\r\n\r\n',
    '\u0000'.repeat(64),
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxx',
  ]) {
    const socket = connect(served.server.port, '127.0.0.1');
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(words);
    socket.end();
    socket.resume();
    await closed;
  }
  await stillServes();
});
