import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { codeOf, collect, createTestClient, type TestClient } from '../../../test/grpc/test-client.ts';
import {
  goodKey,
  poorKey,
  type StreamingExchange,
  startTestGrpcServer,
  streaming,
  type TestGrpcServer,
  unary,
} from '../../../test/grpc/test-server.ts';
import { SamovarError } from '../../kernel/errors.ts';

let served: TestGrpcServer;
let client: TestClient;
/** Of the last streaming call. */
let exchange: StreamingExchange;
let handled = Promise.withResolvers<StreamingExchange>();
/** What the next streaming call does beside being kept. */
let act: (exchange: StreamingExchange) => void = () => {};

before(async () => {
  served = await startTestGrpcServer({
    streaming(begun) {
      exchange = begun;
      handled.resolve(begun);
      act(begun);
    },
    times: { requestMs: 500, lookMs: 50 },
  });
  client = createTestClient(served.address);
});
after(async () => {
  client.close();
  await served.server.stop(0);
});

/** The next streaming call does this. */
function answering(acting: typeof act): void {
  act = acting;
}

/** The next streaming call, which is only kept. */
function next(): Promise<StreamingExchange> {
  handled = Promise.withResolvers();
  act = () => {};
  return handled.promise;
}

function text(part: string) {
  return create(streaming.output, { modelVersion: part });
}

const traceId = /^[\da-f]+:[\da-f]+:[\da-f]+:1$/;

test('an answer carries its message, our ids and the id that the client gave', async () => {
  const metadata = { 'x-client-request-id': 'mine 1' };
  const { message, headers, error } = await client.unary(unary, { text: 'tea' }, { metadata });
  assert.equal(error, null);
  assert.equal(message?.tokens[0]?.text, 'tea');
  assert.match(String(headers['x-request-id']), /^[\da-f-]{36}$/);
  assert.match(String(headers['x-server-trace-id']), traceId);
  assert.equal(headers['x-client-request-id'], 'mine 1');
});

test('a key is taken as Bearer and as Api-Key in any case, and as api-key of its own', async () => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Api-Key', 'api-key', 'API-KEY']) {
    const metadata = { authorization: `${scheme} ${goodKey}` };
    assert.equal((await client.unary(unary, { text: '' }, { metadata })).error, null, scheme);
  }
  for (const authorization of ['', goodKey, `Basic ${goodKey}`, 'Bearer smv_other']) {
    const { error, headers } = await client.unary(unary, { text: '' }, { metadata: { authorization } });
    assert.equal(error?.code, status.UNAUTHENTICATED, authorization);
    assert.match(String(headers['x-request-id']), /./, 'also a refusal has its id in the headers');
  }
  const { error } = await client.unary(unary, {}, { metadata: { authorization: `Bearer ${poorKey}` } });
  assert.equal(error?.code, status.PERMISSION_DENIED);
  assert.equal(codeOf(error), 'access.forbidden');
});

test('messages of a stream arrive in order, headers before them', async () => {
  answering(({ answer }) => {
    answer.begin({ 'x-ratelimit-limit-requests': '7' });
    for (let number = 0; number < 1000; number += 1) answer.message(text(String(number)));
    answer.end();
  });
  const stream = client.stream(streaming, { modelUri: 'a' });
  const [metadata] = await once(stream, 'metadata');
  assert.deepEqual(metadata.get('x-ratelimit-limit-requests'), ['7']);
  const { messages, error } = await collect(stream);
  assert.equal(error, null);
  assert.deepEqual(
    messages.map((message) => message.modelVersion),
    Array.from({ length: 1000 }, (_, number) => String(number)),
  );
});

test('an error has its status, message, code, remedy and waiting time, also after messages', async () => {
  const failing = new SamovarError('limit.requests', {
    params: { limit: 1 },
    retryAfterSeconds: 2.5,
    headers: { 'x-ratelimit-remaining-requests': '0' },
  });
  answering(({ answer }) => answer.error(failing));
  const metadata = { 'x-client-request-id': 'mine 2' };
  const refused = await collect(client.stream(streaming, {}, { metadata }));
  assert.equal(refused.error?.code, status.RESOURCE_EXHAUSTED);
  assert.equal(refused.error?.details, failing.message);
  const trailers = refused.error?.metadata.getMap() ?? {};
  assert.equal(trailers['retry-after'], '3');
  assert.equal(trailers['x-ratelimit-remaining-requests'], '0');
  assert.equal(trailers['x-client-request-id'], 'mine 2');
  assert.match(String(trailers['x-server-trace-id']), traceId);
  assert.equal(codeOf(refused.error), 'limit.requests');
  answering(({ answer }) => {
    answer.message(text('one'));
    answer.error(new SamovarError('engine.failed'));
    answer.message(text('two'));
    answer.end();
  });
  const broken = await collect(client.stream(streaming, {}));
  assert.deepEqual(
    broken.messages.map((message) => message.modelVersion),
    ['one'],
  );
  assert.equal(codeOf(broken.error), 'engine.failed');
});

test('an error with a very long text is cut to what clients take', async () => {
  answering(({ answer }) =>
    answer.error(
      new SamovarError('request.invalid', {
        params: { parameter: 'я'.repeat(20_000), reason: 'ы'.repeat(20_000) },
        field: 'ю'.repeat(20_000),
      }),
    ),
  );
  const { error } = await collect(client.stream(streaming, {}));
  assert.equal(codeOf(error), 'request.invalid');
  const entries = Object.entries(error?.metadata.toHttp2Headers() ?? {});
  assert.ok(JSON.stringify([entries, encodeURI(error?.details ?? '')]).length < 7500);
});

test('an error whose waiting time no message can say is answered all the same', async () => {
  for (const retryAfterSeconds of [1e30, Number.MAX_VALUE, 0.999_999_999_9]) {
    answering(({ answer }) => answer.error(new SamovarError('engine.busy', { retryAfterSeconds })));
    const options = { deadline: Date.now() + 5000 };
    const { error } = await collect(client.stream(streaming, {}, { options }));
    assert.equal(codeOf(error), 'engine.busy', String(retryAfterSeconds));
  }
});

test('text beyond ASCII survives in the message of an error', async () => {
  const unknown = new SamovarError('request.not_found', {
    params: { kind: 'модель', id: '100 % чай\n\ud800' },
  });
  answering(({ answer }) => answer.error(unknown));
  const { error } = await collect(client.stream(streaming, {}));
  assert.match(error?.details ?? '', /модель `100 % чай\n/);
});

test('a method that does not exist, in a service or nowhere, is UNIMPLEMENTED', async () => {
  for (const method of [
    { ...unary, name: 'Nothing' },
    { ...unary, parent: { ...unary.parent, typeName: 'no.Such' } },
  ]) {
    const { error } = await client.unary(method as typeof unary, {});
    assert.equal(error?.code, status.UNIMPLEMENTED);
    assert.equal(codeOf(error), 'request.unknown_rpc');
  }
});

test('a method that throws is answered, told as refused, and does no harm to the next', async () => {
  const kept = served.refusals.length;
  answering(() => {
    throw new Error('a fault of ours');
  });
  const { error } = await collect(client.stream(streaming, {}));
  assert.equal(error?.code, status.INTERNAL);
  assert.doesNotMatch(error?.details ?? '', /fault/);
  assert.equal(served.refusals.length, kept + 1);
  assert.equal(served.refusals.at(-1)?.error?.code, 'system.internal');
  assert.equal((await client.unary(unary, { text: 'on' })).error, null);
});

test('a client that cancels is told to the method within the moment', async () => {
  const begun = next();
  const stream = client.stream(streaming, {});
  const gone = (await begun).answer;
  const left = new Promise<void>((resolve) => gone.onGone(resolve));
  stream.on('error', () => {});
  stream.cancel();
  await left;
  assert.equal(gone.message(text('too late')), false);
  gone.end();
  gone.error(new SamovarError('engine.failed'));
});

test('a deadline is known to the method; when it passes the client is answered and the method told', async () => {
  const begun = next();
  const startedAt = Date.now();
  const ended = collect(client.stream(streaming, {}, { options: { deadline: startedAt + 300 } }));
  const { deadline, answer } = await begun;
  assert.ok(deadline !== null && Math.abs(deadline - startedAt - 300) < 100, String(deadline));
  let gone = 0;
  answer.onGone(() => {
    gone += 1;
  });
  const { error } = await ended;
  assert.equal(error?.code, status.DEADLINE_EXCEEDED);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(gone, 1);
  answering(() => {});
  await collect(client.stream(streaming, {}, { options: { deadline: Date.now() + 60 } }));
  assert.equal((await client.unary(unary, {}, { options: { deadline: Date.now() + 60_000 } })).error, null);
});

test('a message that is too large is refused either way, whatever the client takes', async () => {
  const large = 'x'.repeat(1024 * 1024 + 1);
  const sent = await client.unary(unary, { text: large });
  assert.equal(codeOf(sent.error), 'request.body_too_large');
  assert.equal(served.refusals.at(-1)?.error?.code, 'request.body_too_large');
  answering(({ answer }) => answer.message(text(large)));
  const { error } = await collect(client.stream(streaming, {}));
  assert.equal(codeOf(error), 'request.answer_too_large');
  assert.equal((await client.unary(unary, { text: 'x'.repeat(500_000) })).error, null);
});

test('an answer that does not fit its message is our fault, and told as such', async () => {
  answering(({ answer }) => {
    const wrong = text('x');
    Object.assign(wrong, { usage: { $typeName: 'no' }, alternatives: 3 });
    answer.message(wrong);
  });
  const { error } = await collect(client.stream(streaming, {}));
  assert.equal(error?.code, status.INTERNAL);
});

test('the peer of a call is told its own headers only', async () => {
  answering(({ answer }) => answer.end());
  await collect(client.stream(streaming, {}, { metadata: { 'x-folder-id': 'f', 'idempotency-key': 'i' } }));
  assert.equal(exchange.headers['x-folder-id'], 'f');
  assert.equal(exchange.headers['idempotency-key'], 'i');
  assert.equal(exchange.principal?.keyId, 'good');
});
