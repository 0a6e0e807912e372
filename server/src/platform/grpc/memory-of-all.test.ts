import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { framed, rawConnection } from '../../../test/grpc/raw-call.ts';
import { createTestClient, pathOf } from '../../../test/grpc/test-client.ts';
import {
  goodKey,
  otherKey,
  startTestGrpcServer,
  streaming,
  type TestGrpcServer,
  unary,
} from '../../../test/grpc/test-server.ts';
import { MemoryOfAll } from '../http/memory-of-all.ts';

const answerBytes = 900_000;
/** Four requests of the largest size, 1 MiB: less the server does not take. */
const memoryBytes = 4 * 1024 * 1024;
let served: TestGrpcServer;
const sessions: ClientHttp2Session[] = [];

before(async () => {
  served = await startTestGrpcServer({
    memoryBytes,
    times: { lookMs: 50 },
    streaming({ answer }) {
      answer.message(create(streaming.output, { modelVersion: 'x'.repeat(answerBytes) }));
      answer.end();
    },
  });
});
after(async () => {
  for (const session of sessions) session.destroy();
  await served.server.stop(0);
});

function begin(path: string, key = goodKey) {
  const session = rawConnection(served.address);
  session.on('error', () => {});
  sessions.push(session);
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    authorization: `Bearer ${key}`,
  });
  stream.on('error', () => {});
  return { session, stream };
}

async function callIsServed(): Promise<void> {
  const client = createTestClient(served.address);
  const { error } = await client.unary(unary, { text: 'Hi' });
  client.close();
  assert.equal(error, null);
}

test('clients on many connections that fetch nothing are cut off until the rest is within the limit, and others served', async () => {
  const held = Array.from({ length: 10 }, () => begin(pathOf(streaming)));
  await Promise.all(
    held.map(({ stream }) => {
      stream.end(framed(Buffer.alloc(0)));
      return once(stream, 'response');
    }),
  );
  for (let look = 0; look < 100 && served.server.openConnections > 5; look += 1) await pause(20);
  const left = held.filter(({ session }) => !session.closed && !session.destroyed).length;
  assert.ok(left >= 3 && left <= 5, `${left} connections are left`);
  await callIsServed();
  for (const { session } of held) session.destroy();
});

for (const { who, keys, refused } of [
  { who: 'of all', keys: [goodKey, otherKey], refused: status.UNAVAILABLE },
  { who: 'of one key', keys: [goodKey], refused: status.RESOURCE_EXHAUSTED },
])
  test(`requests ${who} on many connections share a room, too, and get it back`, async () => {
    while (served.server.openConnections > 0) await pause(20);
    const part = framed(Buffer.alloc(1_000_000)).subarray(0, 900_000);
    const begun = keys.flatMap((key) => [begin(pathOf(unary), key), begin(pathOf(unary), key)]);
    for (const { stream } of begun) stream.write(part);
    await pause(300);
    const one = begin(pathOf(unary), keys[0]);
    one.stream.write(part);
    const [headers] = await once(one.stream, 'response');
    assert.equal(headers['grpc-status'], String(refused));
    for (const { session } of [...begun, one]) session.destroy();
    while (served.server.openConnections > 0) await pause(20);
    await callIsServed();
  });

test('those that hold most are ended first, and no more than it takes', () => {
  const memory = new MemoryOfAll(100);
  const ended: number[] = [];
  const holding = (keyId: string | null, ...held: number[]) =>
    held.map((heldBytes) => ({ heldBytes, keyId, endAsLargest: () => void ended.push(heldBytes) }));
  assert.equal(memory.endLargest(holding(null, 40, 10, 50)), 0);
  assert.equal(memory.endLargest(holding(null, 30, 60, 10, 70, 20)), 2);
  assert.deepEqual(ended, [70, 60]);
  ended.length = 0;
  const many = holding('many', ...Array<number>(20).fill(5), 6);
  assert.equal(memory.endLargest([...holding('one', 60), ...many]), 13);
  assert.deepEqual(ended.slice(0, 2), [6, 5]);
  assert.ok(!ended.includes(60), 'the larger answer of a key that holds less is let be');
});

test('one key has half of the room, whatever the others leave of it', () => {
  const memory = new MemoryOfAll(100);
  assert.equal(memory.take(50, 'one'), null);
  assert.equal(memory.take(1, 'one')?.code, 'limit.request_bytes');
  assert.equal(memory.take(-1, 'one'), null);
  assert.equal(memory.take(50, 'two'), null);
  assert.equal(memory.take(1, 'three')?.code, 'system.overloaded');
  memory.take(-50, 'one');
  assert.equal(memory.take(49, 'three'), null);
});
