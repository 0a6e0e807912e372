import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import Type from 'typebox';
import { chatBody, type GatewayOptions, startTestGateway, versionId } from '../../../test/gateway.ts';
import { type Answer, startScriptedGateway, stopAfterTests } from '../../../test/scripted-gateway.ts';
import {
  beginEvents,
  chatAnswer,
  chatEvent,
  doneEvent,
  sendJson,
  startScriptedWorker,
} from '../../../test/scripted-worker.ts';
import type { BoundRoute, ManagementRequest } from '../../kernel/ports/http-routes.ts';

const stopLater = stopAfterTests();

async function start(options?: GatewayOptions) {
  const answer: Answer = ({ response }) => sendJson(response, 200, chatAnswer('a'));
  return (await startScriptedGateway(stopLater, answer, options)).gateway;
}

/** Sends raw bytes and reads until the connection ends. */
async function raw(port: number, bytes: string | Buffer, more?: (socket: Socket) => void): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  more?.(socket);
  await once(socket, 'close');
  return text;
}

const chatPath = '/v1/chat/completions';

function head(length: number | null, more = ''): string {
  const size = length === null ? '' : `content-length: ${length}\r\n`;
  return (
    `POST ${chatPath} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer smv_test\r\n` +
    `content-type: application/json\r\n${size}${more}\r\n`
  );
}

describe('every answer', () => {
  test('carries a request id of ours, and echoes a sane one of the client', async () => {
    const gateway = await start();
    const headers = { authorization: 'bEaReR smv_test', 'content-type': 'application/json' };
    const answer = await gateway.post(chatPath, chatBody(), {
      headers: { ...headers, 'x-request-id': 'mine 1' },
    });
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    assert.equal(answer.headers.get('x-client-request-id'), 'mine 1');
    const long = await gateway.post(chatPath, chatBody(), {
      headers: { ...headers, 'x-request-id': 'x'.repeat(513) },
    });
    assert.equal(long.headers.get('x-client-request-id'), null);
    const unknown = await fetch(`${gateway.url}/nowhere`);
    assert.match(unknown.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    const noHttp = await raw(gateway.server.port, 'NONSENSE\r\n\r\n');
    assert.match(noHttp, /^HTTP\/1\.1 400 .*x-request-id: [0-9a-f-]{36}/s);
  });
});

describe('access', () => {
  test('without a key, with a wrong one, and with another scheme is refused in the form of the surface', async () => {
    const gateway = await start();
    const tried: [Record<string, string>, string][] = [
      [{}, 'access.key_missing'],
      [{ authorization: 'Basic eA==' }, 'access.key_missing'],
      [{ authorization: 'Bearer smv_wrong' }, 'access.key_invalid'],
      [{ authorization: `Bearer ${'x'.repeat(5000)}` }, 'access.key_invalid'],
    ];
    for (const [headers, code] of tried) {
      for (const path of [chatPath, '/v1/models']) {
        const answer = await fetch(gateway.url + path, {
          method: path === chatPath ? 'POST' : 'GET',
          headers: { 'content-type': 'application/json', ...headers },
          ...(path === chatPath ? { body: '{}' } : {}),
        });
        assert.equal(answer.status, 401);
        assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
        const body = (await answer.json()) as { error: { code: string }; samovar: { code: string } };
        assert.equal(body.samovar.code, code);
      }
    }
  });

  test('accepts the key in an api-key header', async () => {
    const gateway = await start();
    for (const name of ['api-key', 'x-api-key']) {
      const answer = await fetch(`${gateway.url}/v1/models`, { headers: { [name]: 'smv_test' } });
      assert.equal(answer.status, 200);
    }
  });
});

describe('bodies', () => {
  test('over the limit are refused with 413, announced or not, and the connection is closed', async () => {
    const gateway = await start({ bodyLimitBytes: 1000 });
    const { port } = gateway.server;
    const announced = await raw(port, head(2000));
    assert.match(announced, /^HTTP\/1\.1 413 .*connection: close.*request\.body_too_large/is);
    const chunked = await raw(
      port,
      `${head(null, 'transfer-encoding: chunked\r\n')}7d0\r\n${'x'.repeat(2000)}\r\n`,
    );
    assert.match(chunked, /^HTTP\/1\.1 413 /);
    const management = await raw(
      port,
      `POST /test/echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2000\r\n\r\n${'x'.repeat(100)}`,
    );
    assert.match(management, /^HTTP\/1\.1 413 /);
  });

  test('that are not UTF-8, not JSON, compressed or of another type are refused by their own codes', async () => {
    const gateway = await start();
    const post = async (body: string | Buffer, headers: Record<string, string> = {}) => {
      const answer = await gateway.post(chatPath, null, {
        body: typeof body === 'string' ? body : new Uint8Array(body),
        headers: {
          authorization: 'Bearer smv_test',
          'content-type': 'application/json; charset=UTF-8',
          ...headers,
        },
      });
      const parsed = (await answer.json()) as { samovar: { code: string } };
      return `${answer.status} ${parsed.samovar.code}`;
    };
    assert.equal(await post(Buffer.from([0x7b, 0xff, 0x7d])), '400 request.malformed_json');
    assert.equal(await post('{"a":'), '400 request.malformed_json');
    assert.equal(await post(''), '400 request.malformed_json');
    assert.equal(await post('[]'), '400 request.malformed_json');
    assert.equal(await post('{}', { 'content-encoding': 'gzip' }), '415 request.unsupported_media_type');
    assert.equal(await post('{}', { 'content-type': 'text/plain' }), '415 request.unsupported_media_type');
    assert.equal(
      await post('{}', { 'content-type': 'application/json; charset=utf-16' }),
      '415 request.unsupported_media_type',
    );
  });

  test('and heads that arrive too slowly are answered with 408', async () => {
    const gateway = await start({
      timeouts: { headersMs: 300, requestMs: 600, paceMs: 9000, keepAliveMs: 1000, stallMs: 9000 },
    });
    const { port } = gateway.server;
    const [slowHead, slowBody, silent] = await Promise.all([
      raw(port, 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n'),
      raw(port, `${head(100)}{`),
      raw(port, ''),
    ]);
    assert.match(slowHead, /^HTTP\/1\.1 408 .*request\.timeout/s);
    assert.match(slowBody, /^HTTP\/1\.1 408 .*request\.timeout/s);
    assert.match(silent, /^(HTTP\/1\.1 408 .*)?$/s);
  });
});

describe('routes', () => {
  const echo: BoundRoute = {
    route: {
      id: 'test.echo',
      method: 'POST',
      path: '/test/echo/{name+}',
      lane: 'management',
      permission: 'public',
      audit: null,
      tag: 'Test',
      summary: 'Echo',
      query: Type.Object(
        { limit: Type.Optional(Type.Integer({ minimum: 1 })) },
        { additionalProperties: false },
      ),
      body: Type.Object(
        { a: Type.String(), n: Type.Optional(Type.Integer()) },
        { additionalProperties: false },
      ),
      responses: { 200: { description: 'Echo' } },
    },
    errorBody: (error) => ({ code: error.code, field: error.field }),
    handle: async ({ params, query, body }: ManagementRequest) => ({
      status: 200,
      body: { params, query, body },
    }),
  };

  test('take slashes in a last segment, convert the query, and check the body as it is', async () => {
    const gateway = await start({ routes: [echo] });
    const good = await gateway.post('/test/echo/a/b%20c?limit=3', { a: 'x' });
    assert.deepEqual(await good.json(), { params: { name: 'a/b c' }, query: { limit: 3 }, body: { a: 'x' } });
    const faults: [string, unknown, object][] = [
      ['?limit=0', { a: 'x' }, { code: 'request.invalid', field: 'limit' }],
      ['', {}, { code: 'request.invalid', field: 'a' }],
      ['', { a: 1 }, { code: 'request.invalid', field: 'a' }],
      ['', { a: 'x', b: 1 }, { code: 'request.unknown_parameter', field: 'b' }],
      ['', { a: 'x', n: '5' }, { code: 'request.invalid', field: 'n' }],
    ];
    for (const [query, body, expected] of faults) {
      const answer = await gateway.post(`/test/echo/z${query}`, body);
      assert.equal(answer.status, 400);
      assert.deepEqual(await answer.json(), expected);
    }
  });

  test('that do not exist are 404, and known ones with another method 405 with Allow', async () => {
    const gateway = await start({ routes: [echo] });
    const missing = await fetch(`${gateway.url}/v1/nothing`);
    assert.equal(missing.status, 404);
    assert.match(await missing.text(), /unknown_url/);
    const wrong = await fetch(gateway.url + chatPath);
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.get('allow'), 'POST');
    const models = await fetch(`${gateway.url}/v1/models`, { method: 'DELETE' });
    assert.equal(models.headers.get('allow'), 'GET, HEAD');
    const badUrl = await fetch(`${gateway.url}/v1/models/%E0%A4%A`);
    assert.equal(badUrl.status, 400);
  });
});

describe('connections', () => {
  test('beyond the limit are refused politely while those inside go on', async () => {
    const gateway = await start({ connectionLimit: 50 });
    const { port } = gateway.server;
    const inside = Array.from({ length: 50 }, () => connect(port, '127.0.0.1'));
    await Promise.all(inside.map((socket) => once(socket, 'connect')));
    while (gateway.server.openConnections < 50) await new Promise((resolve) => setTimeout(resolve, 5));
    const refused = await raw(port, 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
    assert.match(refused, /^HTTP\/1\.1 503 .*retry-after: 1.*system\.overloaded/is);
    const [first] = inside;
    assert.ok(first);
    const body = JSON.stringify(chatBody());
    first.write(head(body.length) + body);
    const [answer] = (await once(first, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 200 /);
    for (const socket of inside) socket.destroy();
  });

  test('five thousand at once leave the server well', async () => {
    const gateway = await start({ connectionLimit: 200 });
    const { port } = gateway.server;
    const sockets: Socket[] = [];
    for (let round = 0; round < 10; round += 1) {
      const batch = Array.from({ length: 500 }, () => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => undefined);
        socket.on('data', () => undefined);
        return socket;
      });
      sockets.push(...batch);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(gateway.server.openConnections <= 200);
    for (const socket of sockets) socket.destroy();
    while (gateway.server.openConnections > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal((await gateway.post(chatPath, chatBody())).status, 200);
  });
});

describe('a stop', () => {
  test('lets running requests end, takes no new ones, and says Connection: close', async () => {
    const worker = await startScriptedWorker(({ response }) => {
      beginEvents(response);
      response.write(chatEvent('a'));
      setTimeout(() => response.end(chatEvent('b') + doneEvent), 300);
    });
    const gateway = await startTestGateway({ replicas: [worker.replica(versionId)] });
    stopLater(() => worker.die());
    const idle = connect(gateway.server.port, '127.0.0.1');
    idle.on('error', () => undefined);
    await once(idle, 'connect');
    const answer = await gateway.post(chatPath, chatBody({ stream: true }));
    const reader = answer.text();
    const stopped = gateway.stop(5000);
    await assert.rejects(fetch(gateway.url));
    assert.equal(await reader, chatEvent('a') + chatEvent('b') + doneEvent);
    await stopped;
    assert.equal(gateway.records[0]?.status, 200);
  });

  test('ends what outlasts the grace with an error event, and meters it', async () => {
    const worker = await startScriptedWorker(({ response }) => {
      beginEvents(response);
      response.write(chatEvent('a'));
    });
    const gateway = await startTestGateway({ replicas: [worker.replica(versionId)] });
    stopLater(() => worker.die());
    const answer = await gateway.post(chatPath, chatBody({ stream: true }));
    const [text] = await Promise.all([answer.text(), gateway.stop(100)]);
    assert.ok(text.startsWith(chatEvent('a')));
    assert.match(text, /system\.draining/);
    assert.equal(gateway.records[0]?.errorCode, 'system.draining');
    assert.equal(worker.cancelled.length, 1);
  });
});

describe('a client that reads slowly', () => {
  test('holds the worker back instead of filling memory, and gets every byte when it reads on', async () => {
    const event = chatEvent('x'.repeat(60_000));
    const total = 1500;
    let written = 0;
    const worker = await startScriptedWorker(async ({ response }) => {
      beginEvents(response);
      for (let count = 0; count < total; count += 1) {
        written += 1;
        if (!response.write(event)) await once(response, 'drain');
      }
      response.end(doneEvent);
    });
    const gateway = await startTestGateway({ replicas: [worker.replica(versionId)] });
    stopLater(
      () => gateway.stop(),
      () => worker.die(),
    );
    const before = process.memoryUsage().rss;
    const outgoing = httpRequest(gateway.url + chatPath, {
      method: 'POST',
      headers: { authorization: 'Bearer smv_test', 'content-type': 'application/json' },
    });
    outgoing.end(JSON.stringify(chatBody({ stream: true })));
    const [incoming] = await once(outgoing, 'response');
    incoming.pause();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const heldBack = written;
    assert.ok(heldBack < total / 2, `${heldBack} of ${total} events were taken from the worker`);
    assert.ok(process.memoryUsage().rss - before < 80e6);
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
    });
    incoming.resume();
    await once(incoming, 'end');
    assert.equal(size, event.length * total + doneEvent.length);
  });

  test('and at last reads nothing at all is cut off, and its request cancelled', async () => {
    const worker = await startScriptedWorker(async ({ response }) => {
      beginEvents(response);
      while (!response.destroyed)
        if (!response.write(chatEvent('x'.repeat(60_000))))
          await new Promise((resolve) => setTimeout(resolve, 20));
    });
    const gateway = await startTestGateway({
      replicas: [worker.replica(versionId)],
      timeouts: { headersMs: 5000, requestMs: 5000, paceMs: 5000, keepAliveMs: 5000, stallMs: 400 },
    });
    stopLater(
      () => gateway.stop(),
      () => worker.die(),
    );
    const socket = connect(gateway.server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    const body = JSON.stringify(chatBody({ stream: true }));
    socket.write(head(body.length) + body);
    const [record] = await gateway.metered(1);
    assert.equal(record?.status, 499);
    assert.equal(worker.cancelled.length, 1);
    socket.destroy();
  });
});
