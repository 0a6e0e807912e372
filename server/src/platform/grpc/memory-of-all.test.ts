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

function begin(path: string) {
  const session = rawConnection(served.address);
  session.on('error', () => {});
  sessions.push(session);
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    authorization: `Bearer ${goodKey}`,
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

test('requests on many connections share a room, too, and get it back', async () => {
  while (served.server.openConnections > 0) await pause(20);
  const part = framed(Buffer.alloc(1_000_000)).subarray(0, 900_000);
  const begun = Array.from({ length: 4 }, () => begin(pathOf(unary)));
  for (const { stream } of begun) stream.write(part);
  await pause(300);
  const one = begin(pathOf(unary));
  one.stream.write(part);
  const [headers] = await once(one.stream, 'response');
  assert.equal(headers['grpc-status'], String(status.UNAVAILABLE));
  for (const { session } of [...begun, one]) session.destroy();
  while (served.server.openConnections > 0) await pause(20);
  await callIsServed();
});

test('those that hold most are ended first, and no more than it takes', () => {
  const memory = new MemoryOfAll(100);
  const ended: number[] = [];
  const holding = (...held: number[]) =>
    held.map((heldBytes) => ({ heldBytes, endAsLargest: () => void ended.push(heldBytes) }));
  assert.equal(memory.endLargest(holding(40, 10, 50)), 0);
  assert.equal(memory.endLargest(holding(30, 60, 10, 70, 20)), 2);
  assert.deepEqual(ended, [70, 60]);
});
