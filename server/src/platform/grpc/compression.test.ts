import assert from 'node:assert/strict';
import type { ClientHttp2Session } from 'node:http2';
import { after, before, test } from 'node:test';
import { deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { compressionAlgorithms, credentials, status } from '@grpc/grpc-js';
import { framed, rawCall, rawConnection } from '../../../test/grpc/raw-call.ts';
import { collect, createTestClient, pathOf } from '../../../test/grpc/test-client.ts';
import {
  answerText,
  startTestGrpcServer,
  streaming,
  type TestGrpcServer,
  unary,
} from '../../../test/grpc/test-server.ts';

let served: TestGrpcServer;
let session: ClientHttp2Session;
const path = pathOf(unary);
const long = 'tea and more tea, '.repeat(2000);
/** Sizes of the requests so far, as their method is told. */
const sizes: number[] = [];
const message = toBinary(unary.input, create(unary.input, { text: long }));

before(async () => {
  served = await startTestGrpcServer({
    unary(exchange) {
      sizes.push(exchange.requestBytes);
      answerText(exchange);
    },
    streaming({ answer }) {
      // Large and small ones in turns: those that are compressed must not be overtaken.
      for (let number = 0; number < 40; number += 1)
        answer.message(
          create(streaming.output, { modelVersion: number % 2 ? `${number}` : `${number} ${long}` }),
        );
      answer.end();
    },
  });
  session = rawConnection(served.address);
});
after(async () => {
  session.destroy();
  await served.server.stop(0);
});

test('requests compressed with gzip and deflate are read', async () => {
  for (const [encoding, bytes] of [
    ['gzip', gzipSync(message)],
    ['deflate', deflateSync(message)],
  ] as const) {
    const answer = await rawCall(session, path, framed(bytes, 1), { 'grpc-encoding': encoding });
    assert.equal(answer.status, status.OK, encoding);
  }
});

test('a compressed request counts with the size that it unpacks to', async () => {
  sizes.length = 0;
  await rawCall(session, path, framed(gzipSync(message), 1), { 'grpc-encoding': 'gzip' });
  assert.deepEqual(sizes, [message.length]);
});

test('a client that compresses and takes gzip is answered in gzip, another is not', async () => {
  const headers = { 'grpc-encoding': 'gzip', 'grpc-accept-encoding': 'identity, deflate, gzip' };
  const packed = await rawCall(session, path, framed(gzipSync(message), 1), headers);
  assert.equal(packed.headers['grpc-encoding'], 'gzip');
  assert.equal(packed.bytes[0], 1);
  assert.ok(packed.bytes.length < message.length / 10, `${packed.bytes.length} bytes`);
  const answer = fromBinary(unary.output, gunzipSync(packed.bytes.subarray(5)));
  assert.equal(answer.tokens[0]?.text, long);
  const plain = await rawCall(session, path, framed(message), { 'grpc-accept-encoding': 'gzip' });
  assert.equal(plain.bytes[0], 0);
});

test('the official client compresses and reads what is compressed, streams in their order', async () => {
  const client = createTestClient(served.address, credentials.createInsecure(), {
    'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
  });
  assert.equal((await client.unary(unary, { text: long })).message?.tokens[0]?.text, long);
  const { messages, error } = await collect(client.stream(streaming, { modelUri: long }));
  assert.equal(error, null);
  assert.deepEqual(
    messages.map(({ modelVersion }) => Number.parseInt(modelVersion, 10)),
    Array.from({ length: 40 }, (_, number) => number),
  );
  client.close();
});

test('a small message that unpacks to more than the limit is not unpacked', async () => {
  const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
  assert.ok(bomb.length < 100_000);
  const answer = await rawCall(session, path, framed(bomb, 1), { 'grpc-encoding': 'gzip' });
  assert.equal(answer.status, status.INVALID_ARGUMENT);
  assert.equal(served.refusals.at(-1)?.error?.code, 'request.body_too_large');
});

test('bytes that cannot be unpacked are INVALID_ARGUMENT', async () => {
  for (const bytes of [Buffer.from('no gzip'), gzipSync(message).subarray(0, 40), Buffer.alloc(0)]) {
    const answer = await rawCall(session, path, framed(bytes, 1), { 'grpc-encoding': 'gzip' });
    assert.equal(answer.status, status.INVALID_ARGUMENT);
  }
});
