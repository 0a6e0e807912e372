import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { embeddingVersionId, startTestGateway, type TestGateway, versionId } from '../gateway.ts';
import {
  beginEvents,
  chatAnswer,
  chatEvent,
  doneEvent,
  type ScriptedWorker,
  sendJson,
  startScriptedWorker,
  usageEvent,
  type WorkerRequest,
} from '../scripted-worker.ts';

const completion = '/foundationModels/v1/completion';
const embedding = '/foundationModels/v1/textEmbedding';
const tokenize = '/foundationModels/v1/tokenize';

function asking(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { modelUri: 'gpt://0/m/latest', messages: [{ role: 'user', text: 'Hi' }], ...more };
}

const streaming = asking({ completionOptions: { stream: true } });

/** Lines of a stream, each JSON. */
function linesOf(text: string): unknown[] {
  assert.ok(text.endsWith('\n'), 'the last line is ended');
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('the Foundation Models API over REST', () => {
  let gateway: TestGateway;
  let worker: ScriptedWorker;
  let answer: (request: WorkerRequest) => void;
  before(async () => {
    worker = await startScriptedWorker((request) => answer(request));
    gateway = await startTestGateway({
      replicas: [worker.replica(versionId), worker.replica(embeddingVersionId)],
      limits: { requestsPerMinute: 100_000 },
    });
  });
  after(async () => {
    await gateway.stop();
    await worker.die();
  });

  test('wraps its one answer in a result, its integers as texts, every field there', async () => {
    answer = ({ response }) => sendJson(response, 200, chatAnswer('Hello'));
    const response = await gateway.post(completion, asking());
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.deepEqual(await response.json(), {
      result: {
        alternatives: [{ message: { role: 'assistant', text: 'Hello' }, status: 'ALTERNATIVE_STATUS_FINAL' }],
        usage: {
          inputTextTokens: '11',
          completionTokens: '3',
          totalTokens: '14',
          completionTokensDetails: { reasoningTokens: '1' },
        },
        modelVersion: 'version-1',
      },
    });
  });

  test('streams a line for each piece, each with the whole text so far, as it comes', async () => {
    let goOn: () => void = () => {};
    answer = ({ response }) => {
      beginEvents(response);
      response.write(chatEvent('Hel'));
      goOn = () => response.end(chatEvent('lo') + usageEvent() + doneEvent);
    };
    const response = await gateway.post(completion, streaming);
    const reader = response.body?.getReader();
    assert.ok(reader);
    const first = Buffer.from((await reader.read()).value ?? '').toString();
    assert.match(first, /"text":"Hel"/);
    goOn();
    let rest = first;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      rest += Buffer.from(value).toString();
    }
    const messages = linesOf(rest).map((line) => {
      const { alternatives, usage } = Object(line).result;
      return [alternatives[0].status, alternatives[0].message.text, usage.totalTokens];
    });
    assert.deepEqual(messages, [
      ['ALTERNATIVE_STATUS_PARTIAL', 'Hel', '0'],
      ['ALTERNATIVE_STATUS_PARTIAL', 'Hello', '0'],
      ['ALTERNATIVE_STATUS_FINAL', 'Hello', '14'],
    ]);
  });

  test('tells of a fault in the middle of a stream in a last line of its own', async () => {
    answer = ({ response }) => {
      beginEvents(response);
      response.write(chatEvent('Hel'));
      setTimeout(() => response.destroy(), 30);
    };
    const response = await gateway.post(completion, streaming);
    assert.equal(response.status, 200);
    const lines = linesOf(await response.text());
    assert.equal(lines.length, 2);
    assert.deepEqual(lines[1], {
      error: {
        grpcCode: 14,
        httpCode: 502,
        message: 'The model worker ended while it was answering.',
        httpStatus: 'Bad Gateway',
        details: [],
      },
    });
  });

  test('writes errors of streaming methods and of others each in their own form', async () => {
    const wrong = await gateway.post(completion, asking({ modelUri: 'gpt://0/nope' }));
    assert.equal(wrong.status, 404);
    assert.deepEqual(await wrong.json(), {
      error: {
        grpcCode: 5,
        httpCode: 404,
        message: 'The model `gpt://0/nope` does not exist or you do not have access to it.',
        httpStatus: 'Not Found',
        details: [],
      },
    });
    const unary = await gateway.post(embedding, { modelUri: 'emb://0/e' });
    assert.equal(unary.status, 400);
    assert.deepEqual(await unary.json(), {
      code: 3,
      message: 'Missing required parameter: `text`.',
      details: [],
    });
  });

  test('takes a key as Api-Key and as Bearer, in capitals or not, and refuses others', async () => {
    answer = ({ response }) => sendJson(response, 200, chatAnswer('Hello'));
    const status = async (authorization: string | null) => {
      const response = await fetch(gateway.url + completion, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
        body: JSON.stringify(asking()),
      });
      return [response.status, Object(await response.json()).error?.grpcCode];
    };
    for (const scheme of ['Api-Key', 'api-key', 'API-KEY', 'Bearer', 'bearer'])
      assert.deepEqual(await status(`${scheme} ${gateway.key}`), [200, undefined], scheme);
    assert.deepEqual(await status('Api-Key wrong'), [401, 16]);
    assert.deepEqual(await status(`Basic ${gateway.key}`), [401, 16]);
    assert.deepEqual(await status(null), [401, 16]);
  });

  test('names each request to whom asks for support, and echoes the name that the client gave it', async () => {
    answer = ({ response }) => sendJson(response, 200, chatAnswer('Hello'));
    for (const body of [asking(), asking({ modelUri: 'x' }), { wrong: 1 }]) {
      const { headers } = await gateway.post(completion, body, {
        headers: {
          authorization: `Bearer ${gateway.key}`,
          'content-type': 'application/json',
          'x-client-request-id': '0b5c3a0e-7d3e-4f43-a6a4-36e1b3a1f5aa',
          'x-data-logging-enabled': 'false',
        },
      });
      assert.equal(headers.get('x-client-request-id'), '0b5c3a0e-7d3e-4f43-a6a4-36e1b3a1f5aa');
      assert.match(headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
      assert.match(headers.get('x-server-trace-id') ?? '', /^[0-9a-f]+:[0-9a-f]+:[0-9a-f]+:1$/);
    }
    const { headers } = await gateway.post(completion, asking());
    assert.equal(headers.get('x-ratelimit-limit-requests'), '100000');
  });

  test('answers what never reaches a method in its form too: the body of a stream, or a status, each with its trace', async () => {
    const ask = async (path: string, init: RequestInit) => {
      const response = await fetch(`${gateway.url}${path}`, init);
      assert.match(
        response.headers.get('x-server-trace-id') ?? '',
        /^[0-9a-f]+:[0-9a-f]+:[0-9a-f]+:1$/,
        path,
      );
      return { status: response.status, body: Object(await response.json()) };
    };
    const authorization = `Bearer ${gateway.key}`;
    const wrongMethod = await ask(completion, { headers: { authorization } });
    assert.deepEqual([wrongMethod.status, wrongMethod.body.error?.httpCode], [405, 405]);
    const wrongUnary = await ask('/foundationModels/v1/tokenize', { headers: { authorization } });
    assert.deepEqual([wrongUnary.status, wrongUnary.body.code, wrongUnary.body.error], [405, 12, undefined]);
    const noKey = await ask(completion, { method: 'POST', body: '{}' });
    assert.deepEqual([noKey.status, noKey.body.error?.grpcCode], [401, 16]);
    const form = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal(
      (await ask(completion, { method: 'POST', headers: form, body: 'a=b' })).body.error?.httpCode,
      415,
    );
    assert.equal(
      (await ask('/foundationModels/v1/imageGenerationAsync', { method: 'POST', headers: { authorization } }))
        .status,
      404,
    );
    assert.equal((await ask('/operations/nothing', { headers: { authorization } })).body.code, 7);
  });

  test('cancels the work of a client that leaves', async () => {
    const arrived = Promise.withResolvers<void>();
    answer = ({ response }) => {
      beginEvents(response);
      response.write(chatEvent('Hel'));
      arrived.resolve();
    };
    const before = worker.cancelled.length;
    const leaving = new AbortController();
    const response = await gateway.post(completion, streaming, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(streaming),
      signal: leaving.signal,
    });
    await arrived.promise;
    assert.equal(response.status, 200);
    leaving.abort();
    for (let waited = 0; worker.cancelled.length === before && waited < 3000; waited += 10)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(worker.cancelled.length, before + 1);
  });

  test('meters each request once under its own name, also those that it refuses', async () => {
    answer = ({ response }) => sendJson(response, 200, chatAnswer('Hello'));
    const before = gateway.records.length;
    await (await gateway.post(completion, asking())).text();
    await (await gateway.post(completion, asking({ modelUri: 'gpt://0/nope' }))).text();
    await (await gateway.post(completion, { unknown: 1 })).text();
    await (await gateway.post(tokenize, { modelUri: 'emb://0/e', text: 'a' })).text();
    const records = (await gateway.metered(before + 4)).slice(before);
    assert.deepEqual(
      records.map((one) => [one.endpoint, one.requestedModel, one.status, one.errorCode, one.inputTokens]),
      [
        ['foundation-models.completion', 'm', 200, null, 11],
        ['foundation-models.completion', 'gpt://0/nope', 404, 'model.not_found', 0],
        ['foundation-models.completion', '', 400, 'request.unknown_parameter', 0],
        ['foundation-models.tokenize', 'emb://0/e', 400, 'request.model_uri_invalid', 0],
      ],
    );
  });

  test('shows tokens with their texts, those of the template marked', async () => {
    answer = ({ response }) =>
      sendJson(
        response,
        200,
        JSON.stringify({
          tokens: [1, 9],
          count: 2,
          pieces: [
            { text: '<|s|>', special: true },
            { text: 'A', special: false },
          ],
        }),
      );
    const response = await gateway.post('/foundationModels/v1/tokenizeCompletion', asking());
    assert.deepEqual(await response.json(), {
      tokens: [
        { id: '1', text: '<|s|>', special: true },
        { id: '9', text: 'A', special: false },
      ],
      modelVersion: 'version-1',
    });
    const { body } = worker.requests.at(-1) ?? assert.fail('nothing arrived');
    assert.deepEqual(body, { messages: [{ role: 'user', content: 'Hi' }], pieces: true, model: 'm' });
  });

  test('embeds a text, and asks for another size only when it is named', async () => {
    const data = [{ object: 'embedding', index: 0, embedding: [0.5, -1, 0] }];
    answer = ({ response }) =>
      sendJson(
        response,
        200,
        JSON.stringify({ object: 'list', data, model: 'e', usage: { prompt_tokens: 4, total_tokens: 4 } }),
      );
    const response = await gateway.post(embedding, { modelUri: 'emb://0/e/latest', text: 'tea', dim: '3' });
    assert.deepEqual(await response.json(), {
      embedding: [0.5, -1, 0],
      numTokens: '4',
      modelVersion: 'version-2',
    });
    const { body } = worker.requests.at(-1) ?? assert.fail('nothing arrived');
    assert.deepEqual(body, { input: 'tea', encoding_format: 'float', dimensions: 3, model: 'e' });
  });

  test('tells what the worker does not take by the names that the fields have here', async () => {
    answer = ({ response }) =>
      sendJson(
        response,
        400,
        JSON.stringify({
          error: { message: 'no', param: 'dimensions' },
          samovar: {
            code: 'request.invalid',
            params: { parameter: 'dimensions', reason: 'the model has only 384' },
          },
        }),
      );
    const response = await gateway.post(embedding, { modelUri: 'emb://0/e', text: 'tea', dim: 5 });
    assert.equal(Object(await response.json()).message, 'Invalid value for `dim`: the model has only 384');
  });

  test('names the option of reasoning as ignored where the model has none', async () => {
    answer = ({ response }) => sendJson(response, 200, chatAnswer('Hello'));
    const completionOptions = { reasoningOptions: { mode: 'ENABLED_HIDDEN' } };
    const response = await gateway.post(completion, asking({ completionOptions }));
    assert.equal(response.headers.get('x-samovar-ignored'), 'completionOptions.reasoningOptions');
  });

  test('says what is part of the API and not served', async () => {
    const batch = await gateway.post('/foundationModels/v1/completionBatch', asking({ messages: undefined }));
    assert.equal(batch.status, 501);
    assert.equal(Object(await batch.json()).code, 12);
    const tuned = await gateway.post('/foundationModels/v1/textClassification', {
      modelUri: 'cls://0/m',
      text: 'tea',
    });
    assert.equal(tuned.status, 400);
    assert.match(Object(await tuned.json()).message, /not a classifier/);
  });

  test('meters a classification once, whether it is refused here or by its engine', async () => {
    answer = ({ response }) => sendJson(response, 400, '{"error":{"message":"too long"}}');
    const classify = (labels: readonly string[]) =>
      gateway.post('/foundationModels/v1/fewShotTextClassification', {
        modelUri: 'cls://0/m',
        labels,
        text: 'tea',
      });
    const before = (await gateway.metered(0)).length;
    assert.equal((await classify(['a', 'b'])).status, 400);
    assert.equal((await classify(['a'])).status, 400);
    const records = (await gateway.metered(before + 2)).slice(before);
    assert.deepEqual(
      records.map(({ errorCode, modelName }) => [errorCode, modelName]),
      [
        ['request.invalid', 'm'],
        ['request.invalid', null],
      ],
    );
  });

  test('tells addresses without a key', async () => {
    const list = await fetch(`${gateway.url}/endpoints`);
    const { endpoints, nextPageToken } = Object(await list.json());
    assert.equal(nextPageToken, '');
    assert.deepEqual(
      endpoints.map((one: { id: string }) => one.id),
      ['ai-foundation-models', 'endpoint', 'iam', 'operation'],
    );
    const one = await fetch(`${gateway.url}/endpoints/operation`);
    assert.deepEqual(await one.json(), { id: 'operation', address: 'localhost:17004' });
    const none = await fetch(`${gateway.url}/endpoints/nope`);
    assert.equal(none.status, 404);
    assert.equal(Object(await none.json()).code, 5);
  });
});
