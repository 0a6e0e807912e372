import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { silentLog } from '../../../test/silent-log.ts';
import { testPrincipal } from '../../../test/test-principal.ts';
import { asSamovarError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { BoundRoute, ManagementReply, ManagementRequest } from '../../kernel/ports/http-routes.ts';
import { eventStream, type ServerEvent } from '../../surfaces/console-api/event-stream.ts';
import { consoleErrorBody } from '../../surfaces/console-api/index.ts';
import { createHttpServer, type HttpServer } from './http-server.ts';

let server: HttpServer;
let followers = 0;

const common = {
  lane: 'management',
  permission: 'models.manage',
  audit: null,
  tag: 'Test',
  summary: 'Test',
  responses: { 200: { description: 'Well.' } },
} as const;

async function* forever(signal: AbortSignal): AsyncGenerator<ServerEvent> {
  followers += 1;
  try {
    yield { id: '1', event: 'state', data: { state: 'running' } };
    await once(signal, 'abort');
  } finally {
    followers -= 1;
  }
}

const routes: BoundRoute[] = [
  bound('PUT', '/take', 'application/octet-stream', async ({ body }) => {
    let sizeBytes = 0;
    for await (const chunk of body as Readable) sizeBytes += chunk.length;
    return { status: 200, body: { sizeBytes } };
  }),
  bound('GET', '/give', null, async () => ({ status: 200, body: Readable.from(['a', 'b', 'c']) })),
  bound('GET', '/follow', null, async ({ signal }) => eventStream(forever(signal), 50)),
];

function bound(
  method: 'GET' | 'PUT',
  path: string,
  rawBody: string | null,
  handle: (request: ManagementRequest) => Promise<ManagementReply>,
): BoundRoute {
  const route = { ...common, id: path, method, path, ...(rawBody !== null && { rawBody }) };
  return { route, errorBody: consoleErrorBody, handle };
}

before(async () => {
  server = await createHttpServer({
    routes,
    authenticate: () => testPrincipal(newId()),
    newerPolicy: () => null,
    authorize() {},
    runOnce: (_call, run) => run(async () => {}),
    mapError: asSamovarError,
    settings: { host: '127.0.0.1', port: 0, bodyLimitBytes: 1000, connectionLimit: 100 },
    certificate: null,
    errorBody: consoleErrorBody,
    endRunning() {},
    log: silentLog,
  });
});
after(() => server.stop(0));

const url = (path: string) => `http://127.0.0.1:${server.port}${path}`;

test('a body that a route takes as it comes may be larger than any that is parsed, and of any kind', async () => {
  const sent = httpRequest(url('/take'), { method: 'PUT', headers: { 'content-type': 'model/gguf' } });
  for (let times = 0; times < 100; times += 1) sent.write(Buffer.alloc(1000));
  sent.end();
  const [answer] = await once(sent, 'response');
  let text = '';
  for await (const chunk of answer) text += chunk;
  assert.deepEqual(JSON.parse(text), { sizeBytes: 100_000 });
  const none = await fetch(url('/take'), { method: 'PUT' });
  assert.deepEqual(await none.json(), { sizeBytes: 0 });
});

test('a stream is answered as it comes', async () => {
  const answer = await fetch(url('/give'));
  assert.equal(answer.headers.get('content-type'), 'application/octet-stream');
  assert.equal(await answer.text(), 'abc');
});

test('events come at once, silence is filled, and a follower who leaves is let go', async () => {
  const leaving = new AbortController();
  const answer = await fetch(url('/follow'), { signal: leaving.signal });
  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  let text = '';
  const reading = (async () => {
    for await (const chunk of answer.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.includes(': still here')) return;
    }
  })();
  await reading;
  assert.ok(text.startsWith('id: 1\nevent: state\ndata: {"state":"running"}\n\n'));
  leaving.abort();
  for (let waits = 0; followers > 0 && waits < 100; waits += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(followers, 0);
});

test('a server that stops ends those who follow events at once', async () => {
  const answer = await fetch(url('/follow'));
  const ended = answer.text();
  const begun = performance.now();
  await server.stop(5000);
  assert.ok((await ended).startsWith('id: 1'));
  assert.ok(performance.now() - begun < 2000);
});
