import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TransportCall } from '../../kernel/ports/worker-transport.ts';
import { createWorkerTransport } from './worker-transport.ts';

const transport = createWorkerTransport();
const servers: Server[] = [];
let sockets = 0;

after(async () => {
  await transport.close();
  for (const server of servers) server.close();
});

/** A worker that says what the test says, byte for byte. */
async function worker(
  speak: (socket: Socket, request: string) => void,
  where: 'socket' | 'port' = 'socket',
): Promise<{ readonly address: string; readonly connections: Socket[] }> {
  const connections: Socket[] = [];
  const server = createServer((socket) => {
    connections.push(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => speak(socket, bytes.toString()));
  });
  servers.push(server);
  sockets += 1;
  const path = join(tmpdir(), `samovar-transport-${process.pid}-${sockets}.sock`);
  await new Promise<void>((resolve) => {
    if (where === 'socket') server.listen(path, resolve);
    else server.listen(0, '127.0.0.1', resolve);
  });
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
  return { address: where === 'socket' ? `unix:${path}` : `http://127.0.0.1:${port}`, connections };
}

interface Outcome {
  readonly how: 'ended' | 'unreachable' | 'lost';
  readonly status: number;
  readonly body: string;
}

function post(
  address: string,
  body = '{}',
  onData: (call: TransportCall, chunk: Buffer) => boolean = () => true,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let status = 0;
    let text = '';
    const call = transport.call(
      address,
      { path: '/x', headers: ['content-type', 'application/json'], body },
      {
        begin: (given) => {
          status = given;
        },
        data: (chunk) => {
          text += chunk.toString();
          return onData(call, chunk);
        },
        ended: () => resolve({ how: 'ended', status, body: text }),
        unreachable: () => resolve({ how: 'unreachable', status, body: text }),
        lost: () => resolve({ how: 'lost', status, body: text }),
      },
    );
  });
}

const answer = (text: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`;

for (const where of ['socket', 'port'] as const)
  test(`requests to a worker on a ${where} go over one kept connection, with the length of their bytes`, async () => {
    const seen: string[] = [];
    const { address, connections } = await worker((socket, request) => {
      seen.push(request);
      socket.write(answer('ok'));
    }, where);
    for (let round = 0; round < 3; round += 1)
      assert.deepEqual(await post(address, '"чай"'), { how: 'ended', status: 200, body: 'ok' });
    assert.equal(connections.length, 1);
    assert.match(seen[2] ?? '', /^POST \/x HTTP\/1\.1\r\n.*content-length: 8\r\n\r\n"чай"$/s);
  });

test('a connection that the worker closes while it rests is not used again', async () => {
  const { address, connections } = await worker((socket) => socket.write(answer('ok')));
  await post(address);
  connections[0]?.end();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await post(address)).how, 'ended');
  assert.equal(connections.length, 2);
});

test('a worker that speaks unasked loses its connection, and no request gets those bytes', async () => {
  const { address, connections } = await worker((socket) => socket.write(answer('ok')));
  await post(address);
  connections[0]?.write(answer('stray'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await post(address)).body, 'ok');
  assert.equal(connections.length, 2);
});

test('a worker that is not there is unreachable; one that breaks off or talks nonsense is lost', async () => {
  assert.equal((await post('unix:/nowhere/at-all.sock')).how, 'unreachable');
  const breaking = await worker((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'));
  assert.deepEqual(await post(breaking.address), { how: 'lost', status: 200, body: 'half' });
  const foolish = await worker((socket) => socket.write('SSH-2.0-nonsense\r\n\r\n'));
  assert.equal((await post(foolish.address)).how, 'lost');
});

test('a reader that is full stops the worker until it resumes', async () => {
  const megabytes = 32;
  const piece = Buffer.alloc(1024 * 1024, 'x');
  let flowed = 0;
  const { address } = await worker((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${megabytes * piece.length}\r\n\r\n`);
    for (let count = 0; count < megabytes; count += 1)
      socket.write(piece, () => {
        flowed += 1;
      });
  });
  let paused = 0;
  let flowedInPause = 0;
  const outcome = await post(address, '{}', (call) => {
    paused += 1;
    if (paused > 1) return true;
    setTimeout(() => {
      flowedInPause = flowed;
      call.resume();
    }, 200);
    return false;
  });
  assert.ok(flowedInPause < megabytes / 2, `${flowedInPause} megabytes flowed into a full reader`);
  assert.equal(outcome.body.length, megabytes * piece.length);
});

test('an aborted call says no more, and its connection is closed', async () => {
  const { address, connections } = await worker((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nhello'));
  const silent = await Promise.race([
    post(address, '{}', (call) => {
      call.abort();
      return true;
    }),
    new Promise((resolve) => setTimeout(() => resolve('silent'), 200)),
  ]);
  assert.equal(silent, 'silent');
  assert.equal(connections[0]?.destroyed || connections[0]?.readableEnded, true);
});

test('connections to addresses that are gone end when what runs on them has ended', async () => {
  const { address, connections } = await worker((socket) => {
    setTimeout(() => socket.write(answer('late')), 100);
  });
  const running = post(address);
  await new Promise((resolve) => setTimeout(resolve, 30));
  transport.keepOnly(new Set());
  assert.equal((await running).body, 'late');
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(connections[0]?.destroyed || connections[0]?.readableEnded, true);
});
