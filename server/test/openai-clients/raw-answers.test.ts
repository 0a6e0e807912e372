import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestStack, type TestStack } from '../stack.ts';
import { assertShape, parseEvents, wireSchemas } from './wire-schemas.ts';

let stack: TestStack;
before(async () => {
  stack = await startTestStack();
});
after(() => stack?.stop());

const user = [{ role: 'user', content: 'Say hello.' }];
const tool = {
  type: 'function',
  function: {
    name: 'set_light',
    parameters: {
      type: 'object',
      properties: { on: { type: 'boolean' } },
      required: ['on'],
      additionalProperties: false,
    },
  },
};

function call(path: string, body?: unknown): Promise<Response> {
  return fetch(stack.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function json(path: string, body?: unknown): Promise<unknown> {
  const response = await call(path, body);
  const value: unknown = await response.json();
  assert.equal(response.status, 200, JSON.stringify(value));
  return value;
}

test('models and aliases are listed and retrieved in the published shape', async () => {
  const list = await json('/v1/models');
  assertShape(wireSchemas.modelList, list);
  const ids = (list as { data: { id: string }[] }).data.map((model) => model.id);
  for (const id of ['chat-default', 'embedding-default']) assert.ok(ids.includes(id), ids.join());
  for (const id of ids) assertShape(wireSchemas.modelObject, await json(`/v1/models/${id}`));
});

test('chat answers have the published shape, with every option', async () => {
  for (const options of [
    {},
    { n: 2, seed: 1, stop: ['.'], temperature: 0.5, top_p: 0.9, frequency_penalty: 0.1 },
    { logprobs: true, top_logprobs: 3, logit_bias: { 5: -100 }, presence_penalty: 0.1 },
    { response_format: { type: 'json_object' } },
    { tools: [tool], tool_choice: 'required' },
    { tools: [tool], tool_choice: 'none' },
    { top_k: 5, min_p: 0.1, repetition_penalty: 1.1, metadata: { a: 'b' }, user: 'u', store: false },
  ]) {
    const body = { model: 'chat-default', messages: user, max_completion_tokens: 12, ...options };
    assertShape(wireSchemas.chatCompletion, await json('/v1/chat/completions', body));
  }
});

test('chat streams have the published shape, usage only where it was asked for', async () => {
  for (const options of [
    {},
    { stream_options: { include_usage: true } },
    { logprobs: true, top_logprobs: 2 },
    { tools: [tool], tool_choice: 'required', stream_options: { include_usage: true } },
  ]) {
    const body = { model: 'chat-default', messages: user, max_tokens: 12, stream: true, ...options };
    const response = await call('/v1/chat/completions', body);
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    const events = parseEvents(await response.text());
    assert.equal(events.pop()?.data, '[DONE]');
    const chunks = events.map((event) => JSON.parse(event.data) as { usage?: object; choices: object[] });
    for (const chunk of chunks) assertShape(wireSchemas.chatCompletionChunk, chunk);
    const withUsage = chunks.filter((chunk) => chunk.usage);
    assert.equal(withUsage.length, 'stream_options' in options ? 1 : 0);
    if (withUsage.length > 0) assert.deepEqual(chunks.at(-1)?.choices, []);
  }
});

test('completions have the published shape, streamed and not', async () => {
  const body = { model: 'chat-default', prompt: 'Once upon a time', max_tokens: 8 };
  assertShape(wireSchemas.completion, await json('/v1/completions', body));
  assertShape(wireSchemas.completion, await json('/v1/completions', { ...body, logprobs: 2, n: 2 }));
  assertShape(wireSchemas.completion, await json('/v1/completions', { ...body, prompt: ['One', 'Two'] }));
  const response = await call('/v1/completions', { ...body, stream: true });
  const events = parseEvents(await response.text());
  assert.equal(events.pop()?.data, '[DONE]');
  for (const event of events) assertShape(wireSchemas.completionEvent, JSON.parse(event.data));
});

test('embeddings have the published shape as floats and as base64', async () => {
  for (const options of [{}, { encoding_format: 'base64' }]) {
    const body = { model: 'embedding-default', input: ['one', 'two'], ...options };
    assertShape(wireSchemas.embeddingList, await json('/v1/embeddings', body));
  }
});

test('responses have the published shape, and name what was asked for', async () => {
  for (const options of [
    {},
    { instructions: 'Be brief.', metadata: { a: 'b' }, temperature: 0.2, top_p: 0.9 },
    { include: ['message.output_text.logprobs'], top_logprobs: 2 },
    { text: { format: { type: 'json_object' } } },
    { tools: [{ type: 'function', ...tool.function, strict: true }], tool_choice: 'required' },
  ]) {
    const body = { model: 'chat-default', input: 'Say hello.', max_output_tokens: 16, ...options };
    const answer = await json('/v1/responses', body);
    assertShape(wireSchemas.responseAnswer, answer);
    assert.equal((answer as { store: boolean }).store, false);
  }
});

test('response streams number their published events and end with the whole response', async () => {
  for (const options of [
    {},
    { include: ['message.output_text.logprobs'], top_logprobs: 2 },
    { tools: [{ type: 'function', ...tool.function }], tool_choice: 'required' },
  ]) {
    const body = {
      model: 'chat-default',
      input: 'Say hello.',
      max_output_tokens: 16,
      stream: true,
      ...options,
    };
    const response = await call('/v1/responses', body);
    const events = parseEvents(await response.text());
    events.forEach(({ event, data }, index) => {
      const value = JSON.parse(data) as { type: string; sequence_number: number };
      assertShape(wireSchemas.responseEvent, value);
      assert.equal(value.type, event);
      assert.equal(value.sequence_number, index);
    });
    assert.match(events.at(-1)?.event ?? '', /^response\.(completed|incomplete)$/);
  }
});

test('errors have the published shape and a request id', async () => {
  const cases: [string, unknown, number, string, string | null][] = [
    ['/v1/chat/completions', { model: 'nope', messages: user }, 404, 'model_not_found', 'model'],
    ['/v1/chat/completions', { model: 'chat-default' }, 400, 'missing_required_parameter', 'messages'],
    ['/v1/chat/completions', { messages: user, model: 'chat-default', x: 1 }, 400, 'unknown_parameter', 'x'],
    [
      '/v1/responses',
      { model: 'chat-default', input: 'x', store: true },
      400,
      'unsupported_parameter',
      'store',
    ],
    [
      '/v1/chat/completions',
      { model: 'chat-default', messages: [{ role: 'user', content: 'word '.repeat(20_000) }] },
      400,
      'context_length_exceeded',
      'messages',
    ],
    ['/v1/embeddings', { model: 'embedding-default', input: '' }, 400, 'invalid_value', 'input'],
  ];
  for (const [path, body, status, code, param] of cases) {
    const response = await call(path, body);
    const value = (await response.json()) as { error: { code: string; param: string | null } };
    assert.equal(response.status, status, JSON.stringify(value));
    assertShape(wireSchemas.errorAnswer, value);
    assert.equal(value.error.code, code);
    assert.equal(value.error.param, param);
    assert.ok(response.headers.get('x-request-id'));
  }
});
