import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { silentLog } from '../../../test/silent-log.ts';
import { testPrincipal } from '../../../test/test-principal.ts';
import { asSamovarError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { BoundRoute, DataExchange } from '../../kernel/ports/http-routes.ts';
import { consoleErrorBody } from '../../surfaces/console-api/index.ts';
import { createHttpServer, type HttpServer } from './http-server.ts';

const megabyte = 1024 * 1024;
const bodyLimitBytes = 2 * megabyte;
const memoryBytes = 4 * megabyte;
/** More than the system keeps of a connection. */
const answer = Buffer.alloc(32 * megabyte, 'x');
const sockets: Socket[] = [];
let server: HttpServer;

const common = {
  method: 'POST',
  permission: 'models.manage',
  audit: null,
  tag: 'Test',
  summary: 'Test',
  responses: { 200: { description: 'Well.' } },
} as const;

function data(path: string, body: Buffer): BoundRoute {
  const route = { ...common, lane: 'data', id: path, path } as const;
  const handle = (exchange: DataExchange) => exchange.answer.send(200, [], body);
  return { route, errorBody: consoleErrorBody, handle, refused() {} };
}

before(async () => {
  const handle = async () => ({ status: 200, body: null });
  const managed = { ...common, lane: 'management', id: 'managed', path: '/managed' } as const;
  server = await createHttpServer({
    routes: [
      data('/taken', Buffer.from('{}')),
      data('/large', answer),
      { route: managed, errorBody: consoleErrorBody, handle },
    ],
    authenticate: () => testPrincipal(newId()),
    newerPolicy: () => null,
    authorize() {},
    runOnce: (_call, run) => run(async () => {}),
    mapError: asSamovarError,
    settings: { host: '127.0.0.1', port: 0, bodyLimitBytes, connectionLimit: 100 },
    memoryBytes,
    certificate: null,
    errorBody: consoleErrorBody,
    endRunning() {},
    log: silentLog,
  });
});
after(async () => {
  for (const socket of sockets) socket.destroy();
  await server.stop(0);
});

async function post(path: string, sizeBytes = 0, more = ''): Promise<Socket> {
  const socket = connect({ port: server.port, host: '127.0.0.1' });
  sockets.push(socket);
  // One that the server ends may be reset; tests look at its closing.
  socket.on('error', () => {});
  await once(socket, 'connect');
  const type = `host: x\r\ncontent-type: application/json\r\n${more}`;
  socket.write(`POST ${path} HTTP/1.1\r\n${type}content-length: ${sizeBytes}\r\n\r\n`);
  return socket;
}

async function statusOf(socket: Socket): Promise<number> {
  const [bytes] = await once(socket, 'data');
  return Number(/^HTTP\/1.1 (\d+)/.exec(String(bytes))?.[1]);
}

/** The plain lane, the full parser, and the framework behind it. */
const ways = [
  ['/taken', ''],
  ['/taken', 'expect: 100-continue\r\n'],
  ['/managed', ''],
] as const;

for (const [path, more] of ways)
  test(`requests that are not whole keep so much together, and small ones go on: ${path} ${more.trim()}`, async () => {
    const half = await Promise.all(Array.from({ length: 3 }, () => post(path, bodyLimitBytes, more)));
    for (const socket of half) socket.write(Buffer.alloc(1.2 * megabyte, ' '));
    await pause(200);
    const refused = await post(path, bodyLimitBytes, more);
    refused.write(Buffer.alloc(1.2 * megabyte, ' '));
    let text = '';
    refused.on('data', (bytes) => {
      text += String(bytes);
    });
    await once(refused, 'close');
    assert.match(text, /503 [\s\S]*system\.overloaded/);
    assert.equal(await statusOf(await post('/taken')), 200);
    for (const socket of half) socket.destroy();
    await pause(100);
    const whole = await post(path, bodyLimitBytes);
    whole.write(Buffer.from(`"${'x'.repeat(bodyLimitBytes - 2)}"`));
    assert.equal(await statusOf(whole), 200);
    whole.destroy();
  });

test('answers that nobody fetches keep so much together: who holds most is ended, others are answered', async () => {
  const idle = await Promise.all(Array.from({ length: 3 }, () => post('/large')));
  for (const socket of idle) socket.pause();
  const ended = idle.map((socket) => once(socket, 'close'));
  const reading = await post('/large');
  let fetched = 0;
  reading.on('data', (bytes) => {
    fetched += bytes.length;
  });
  while (fetched < answer.length) await pause(10);
  await pause(3000);
  for (const socket of idle) socket.resume();
  await Promise.all(ended);
  for (const { bytesRead } of idle) assert.ok(bytesRead < answer.length, `${bytesRead} bytes`);
  assert.equal(await statusOf(await post('/taken')), 200);
});
