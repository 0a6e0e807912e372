import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connectRaw, frame, hello, requestBlock, requestFrame } from '../../../test/http2/raw-connection.ts';
import { startTestHttp2Server, type TestHttp2Server } from '../../../test/http2/test-http2-server.ts';
import { frameType } from './protocol.ts';
import { ConnectionFault } from './protocol-faults.ts';

let server: TestHttp2Server;
before(async () => {
  server = await startTestHttp2Server();
});
after(() => server.stop());

/** A frame that may mean something, and often does not. */
function anyFrame(): Buffer {
  const id = randomInt(4) === 0 ? 0 : randomInt(1, 30);
  switch (randomInt(6)) {
    case 0:
      return requestFrame(id | 1, '/', randomInt(2) === 0);
    case 1:
      return frame(frameType.headers, randomInt(256), id, mutated(requestBlock('/', { 'x-a': 'b' })));
    case 2:
      return frame(frameType.data, randomInt(256), id, randomBytes(randomInt(300)));
    case 3:
      return frame(randomInt(12), randomInt(256), id, randomBytes(randomInt(20)));
    case 4:
      return frame(frameType.windowUpdate, 0, id, randomBytes(4));
    default:
      return frame(frameType.settings, 0, 0, Buffer.concat([Buffer.from([0, randomInt(7)]), randomBytes(4)]));
  }
}

function mutated(bytes: Buffer): Buffer {
  if (randomInt(3) > 0) bytes[randomInt(bytes.length)] = randomInt(256);
  return bytes;
}

test('whatever frames come, however they are cut, the connection serves or ends by the rules, and the server goes on', async () => {
  for (let round = 0; round < 400; round += 1) {
    const raw = await connectRaw(server.port, randomInt(20) === 0 ? [] : hello);
    const bytes = Buffer.concat(Array.from({ length: randomInt(1, 40) }, anyFrame));
    if (randomInt(2) === 0) mutated(bytes);
    const cut = randomInt(bytes.length);
    raw.send(bytes.subarray(0, cut));
    if (randomInt(2) === 0) await nextTurn();
    raw.send(bytes.subarray(cut));
    raw.socket.end();
    raw.socket.resume();
    await raw.closed;
  }
  assert.equal(server.open.size, 0, 'every stream was closed');
  for (const fault of server.faults)
    assert.ok(fault === null || fault instanceof ConnectionFault || 'code' in fault, String(fault?.stack));
  const raw = await connectRaw(server.port);
  raw.send(requestFrame(1, '/'));
  await raw.next(frameType.headers, 1);
  raw.close();
});
