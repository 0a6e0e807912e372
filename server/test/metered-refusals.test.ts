import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { chatBody, startTestGateway, type TestGateway } from './gateway.ts';

let gateway: TestGateway;

before(async () => {
  gateway = await startTestGateway({
    bodyLimitBytes: 1000,
    timeouts: { headersMs: 5000, requestMs: 5000, paceMs: 300, keepAliveMs: 5000, stallMs: 5000 },
  });
});
after(() => gateway.stop());

const chat = '/v1/chat/completions';
const json = { authorization: 'Bearer smv_test', 'content-type': 'application/json' };

async function recordOf(answer: Response): Promise<unknown[]> {
  const requestId = answer.headers.get('x-request-id');
  const found = gateway.records.filter((record) => record.requestId === requestId);
  assert.equal(found.length, 1, 'one record for each request');
  const [record] = found;
  assert.ok(record);
  assert.equal(record.inputTokens + record.outputTokens, 0);
  assert.equal(record.modelName, null);
  assert.ok(record.durationMs >= 0 && Math.abs(Date.now() - record.startedAt) < 60_000);
  return [record.endpoint, record.status, record.errorCode, record.requestedModel];
}

test('every refused request of a valid key is metered: its status, code, and the model when it can be read', async () => {
  const invalid = await gateway.post(chat, chatBody({ n: 0 }));
  assert.deepEqual(await recordOf(invalid), ['chat.completions', 400, 'request.invalid', 'm']);
  const malformed = await gateway.post('/v1/completions', null, { body: '{"model": ' });
  assert.deepEqual(await recordOf(malformed), ['completions', 400, 'request.malformed_json', '']);
  const nameless = await gateway.post('/v1/responses', { model: 7 });
  assert.deepEqual((await recordOf(nameless)).toSpliced(2, 1), ['responses', 400, '']);
  const large = await gateway.post('/v1/embeddings', { model: 'e', input: 'x'.repeat(1000) });
  assert.deepEqual(await recordOf(large), ['embeddings', 413, 'request.body_too_large', '']);
  const typed = await gateway.post(chat, chatBody(), { headers: { ...json, 'content-type': 'text/plain' } });
  assert.deepEqual(await recordOf(typed), ['chat.completions', 415, 'request.unsupported_media_type', '']);
  const unknown = await gateway.post(chat, chatBody({ model: 'nothing' }));
  assert.deepEqual(await recordOf(unknown), ['chat.completions', 404, 'model.not_found', 'nothing']);
});

test('a client that leaves before its body is complete is metered as such, one that trickles as too slow', async () => {
  const head = `POST ${chat} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer smv_test\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{`;
  for (const leaves of [true, false]) {
    const before = gateway.records.length;
    const socket = connect(gateway.server.port, '127.0.0.1');
    let answer = '';
    socket
      .on('error', () => undefined)
      .on('data', (chunk) => {
        answer += chunk.toString();
      });
    socket.write(head);
    if (leaves) setTimeout(() => socket.destroy(), 50);
    const drip = setInterval(() => socket.write(' '), 20);
    const record = (await gateway.metered(before + 1))[before];
    assert.deepEqual([record?.status, record?.errorCode], leaves ? [499, null] : [408, 'request.timeout']);
    for (let waited = 0; !leaves && !answer.includes('request.timeout') && waited < 100; waited += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    clearInterval(drip);
    if (!leaves) assert.match(answer, /^HTTP\/1\.1 408 .*x-request-id: .*request\.timeout/s);
    socket.destroy();
  }
});

test('a request that nobody can be held to leaves no record', async () => {
  const before = gateway.records.length;
  const body = JSON.stringify(chatBody({ n: 0 }));
  for (const key of ['', 'smv_wrong']) {
    const headers = { ...json, authorization: `Bearer ${key}` };
    assert.equal((await gateway.post(chat, null, { headers, body })).status, 401);
  }
  assert.equal((await fetch(`${gateway.url}/v1/nothing`, { headers: json })).status, 404);
  assert.equal(gateway.records.length, before);
});
