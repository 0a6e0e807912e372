import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fuzzOpenai } from './fuzz-openai.ts';
import { embeddingVersionId, startTestGateway, type TestGateway, versionId } from './gateway.ts';
import { assertShape, parseEvents, wireSchemas } from './openai-clients/wire-schemas.ts';
import {
  beginEvents,
  chatAnswer,
  chatEvent,
  doneEvent,
  type ScriptedWorker,
  sendJson,
  startScriptedWorker,
  usageEvent,
} from './scripted-worker.ts';

const user = { role: 'user', content: 'Hi' };
const chat = '/v1/chat/completions';

/** JSON text of an object nested so deep. */
function nested(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

function withSchema(schema: string): string {
  const format = `{"type":"json_schema","json_schema":{"name":"x","schema":${schema}}}`;
  return `{"model":"m","messages":[{"role":"user","content":"Hi"}],"response_format":${format}}`;
}

function chatWith(more: Record<string, unknown>): string {
  return JSON.stringify({ model: 'm', messages: [user], ...more });
}

type Refusal = readonly [
  what: string,
  path: string,
  body: string | Buffer,
  code: string,
  param: string | null,
];

const refusals: readonly Refusal[] = [
  ['malformed JSON', chat, '{"model": ', 'request.malformed_json', null],
  ['no body at all', chat, '', 'request.malformed_json', null],
  ['a list instead of an object', chat, '[1]', 'request.malformed_json', null],
  [
    'invalid UTF-8',
    chat,
    Buffer.concat([
      Buffer.from('{"model":"m","messages":[{"role":"user","content":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}]}'),
    ]),
    'request.malformed_json',
    null,
  ],
  [
    'half of a surrogate pair',
    chat,
    '{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}',
    'request.malformed_json',
    null,
  ],
  ['empty messages', chat, '{"model":"m","messages":[]}', 'invalid_value', 'messages'],
  [
    'an image',
    chat,
    chatWith({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] }),
    'invalid_value',
    'messages[0].content[0].type',
  ],
  ['a wrong type', chat, chatWith({ temperature: 'hot' }), 'invalid_type', 'temperature'],
  ['a value out of range', chat, chatWith({ temperature: 3 }), 'invalid_value', 'temperature'],
  ['ten thousand stop strings', chat, chatWith({ stop: Array(10_000).fill('x') }), 'invalid_value', 'stop'],
  [
    'a schema nested a thousand levels',
    chat,
    withSchema(nested(1000)),
    'invalid_value',
    'response_format.json_schema.schema',
  ],
  [
    'a schema nested a hundred thousand levels',
    chat,
    withSchema(nested(100_000)),
    'invalid_value',
    'response_format.json_schema.schema',
  ],
  [
    'a nest where a text belongs',
    chat,
    `{"model":"m","messages":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
    'invalid_type',
    'messages[0]',
  ],
  [
    'both token bounds',
    chat,
    chatWith({ max_tokens: 1, max_completion_tokens: 1 }),
    'invalid_value',
    'max_tokens',
  ],
  [
    'stream options without a stream',
    chat,
    chatWith({ stream_options: { include_usage: true } }),
    'invalid_value',
    'stream_options',
  ],
  [
    'a choice of tools without tools',
    chat,
    chatWith({ tool_choice: 'required' }),
    'invalid_value',
    'tool_choice',
  ],
  [
    'the same function twice',
    chat,
    chatWith({ tools: [1, 2].map(() => ({ type: 'function', function: { name: 'f' } })) }),
    'invalid_value',
    'tools[1].function.name',
  ],
  [
    'an assistant who says nothing',
    chat,
    chatWith({ messages: [user, { role: 'assistant' }] }),
    'invalid_type',
    'messages[1].content',
  ],
  ['an unknown parameter', chat, chatWith({ temprature: 1 }), 'unknown_parameter', 'temprature'],
  [
    'a parameter that is not served',
    chat,
    chatWith({ web_search_options: {} }),
    'unsupported_parameter',
    'web_search_options',
  ],
  ['no model', chat, JSON.stringify({ messages: [user] }), 'missing_required_parameter', 'model'],
  ['no messages', chat, '{"model":"m"}', 'missing_required_parameter', 'messages'],
  ['an unknown model', chat, chatWith({ model: 'nope' }), 'model_not_found', 'model'],
  ['a model for something else', chat, chatWith({ model: 'e' }), 'model.wrong_task', 'model'],
  ['an empty text to embed', '/v1/embeddings', '{"model":"e","input":""}', 'invalid_value', 'input'],
  [
    'a mix of texts and numbers',
    '/v1/embeddings',
    '{"model":"e","input":["a",1]}',
    'invalid_type',
    'input[1]',
  ],
  [
    'too many texts',
    '/v1/embeddings',
    JSON.stringify({ model: 'e', input: Array(3000).fill('a') }),
    'invalid_value',
    'input',
  ],
  [
    'an item that points into a store',
    '/v1/responses',
    '{"model":"m","input":[{"type":"item_reference","id":"msg_1"}]}',
    'unsupported_parameter',
    'input[0]',
  ],
  [
    'a tool of another kind',
    '/v1/responses',
    '{"model":"m","input":"Hi","tools":[{"type":"web_search"}]}',
    'invalid_value',
    'tools[0].type',
  ],
  [
    'an output without its call',
    '/v1/responses',
    '{"model":"m","input":[{"type":"function_call_output","call_id":"c","output":"x"}]}',
    'invalid_value',
    'input[0].call_id',
  ],
  [
    'a wish to be remembered',
    '/v1/responses',
    '{"model":"m","input":"Hi","previous_response_id":"resp_1"}',
    'unsupported_parameter',
    'previous_response_id',
  ],
  ...(['conversation', 'background', 'store'] as const).map(
    (name): Refusal => [
      `${name} with a response`,
      '/v1/responses',
      JSON.stringify({ model: 'm', input: 'Hi', [name]: name === 'conversation' ? 'conv_1' : true }),
      'unsupported_parameter',
      name,
    ],
  ),
];

describe('the OpenAI surface', () => {
  let gateway: TestGateway;
  let worker: ScriptedWorker;
  before(async () => {
    worker = await startScriptedWorker(({ path, body, response }) => {
      if (path === '/v1/embeddings') {
        const answer = { object: 'list', model: 'e', data: [], usage: { prompt_tokens: 1, total_tokens: 1 } };
        sendJson(response, 200, JSON.stringify(answer));
      } else if (body.stream !== true) {
        sendJson(response, 200, chatAnswer('Hello'));
      } else {
        beginEvents(response);
        response.write(chatEvent('Hel'));
        if (JSON.stringify(body).includes('Break off.')) setTimeout(() => response.destroy(), 50);
        else response.end(chatEvent('lo') + usageEvent() + doneEvent);
      }
    });
    gateway = await startTestGateway({
      replicas: [worker.replica(versionId), worker.replica(embeddingVersionId)],
    });
  });
  after(async () => {
    await gateway?.stop();
    await worker?.die();
  });

  for (const [what, path, body, code, param] of refusals) {
    test(`refuses ${what}, by code and parameter`, async () => {
      const response = await gateway.post(path, null, { body: new Uint8Array(Buffer.from(body)) });
      const answer = (await response.json()) as { error: { code: string; param: string; type: string } };
      assertShape(wireSchemas.errorAnswer, answer);
      assert.equal(answer.error.code, code, JSON.stringify(answer));
      assert.equal(answer.error.param, param);
      assert.equal(answer.error.type, 'invalid_request_error');
      assert.equal(response.status, code === 'model_not_found' ? 404 : 400);
    });
  }

  test('sends the worker what was honoured, in its own terms, and names what had no effect', async () => {
    const before = worker.requests.length;
    const response = await gateway.post(chat, {
      model: 'chat-default',
      messages: [
        { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
        user,
        { role: 'assistant', content: 'Yes?', refusal: null, annotations: [] },
        user,
      ],
      max_completion_tokens: 5,
      top_k: 3,
      user: 'me',
      metadata: { a: 'b' },
      reasoning_effort: 'low',
    });
    await response.arrayBuffer();
    assert.equal(response.headers.get('x-samovar-ignored'), 'user, metadata, reasoning_effort');
    assert.ok(response.headers.get('openai-processing-ms'));
    assert.deepEqual(worker.requests[before]?.body, {
      model: 'm',
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
        user,
        { role: 'assistant', content: 'Yes?' },
        user,
      ],
      max_tokens: 5,
      top_k: 3,
    });
  });

  test('answers whatever is made from its schemas, and spoiled, without failing inside', async () => {
    const report = await fuzzOpenai(gateway, 4, { chat: 'm', embedding: 'e' });
    assert.ok(report.requests > 100, JSON.stringify(report));
    assert.ok((report.statuses[200] ?? 0) > 0 && (report.statuses[400] ?? 0) > 0, JSON.stringify(report));
  });

  test('ends a response whose worker dies in the middle with an error and a failed response', async () => {
    const response = await gateway.post('/v1/responses', { model: 'm', input: 'Break off.', stream: true });
    const events = parseEvents(await response.text());
    for (const { data } of events) assertShape(wireSchemas.responseEvent, JSON.parse(data));
    assert.deepEqual(
      events.slice(-2).map(({ event }) => event),
      ['error', 'response.failed'],
    );
  });

  test('ends a chat stream whose worker dies in the middle with an error that clients raise', async () => {
    const messages = [{ role: 'user', content: 'Break off.' }];
    const response = await gateway.post(chat, { model: 'm', messages, stream: true });
    const events = parseEvents(await response.text());
    assertShape(wireSchemas.errorAnswer, JSON.parse(events.at(-1)?.data ?? ''));
  });
});
