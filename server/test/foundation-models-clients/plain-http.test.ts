import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestStack, type TestStack } from '../stack.ts';

/** What an application without any SDK sends: texts over HTTP, as it was written for the published service. */
describe('an application that speaks plain HTTP', () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack();
  });
  after(() => stack?.stop());

  async function send(path: string, body: string | null, headers: Record<string, string> = {}) {
    const response = await fetch(stack.url + path, {
      headers: { authorization: `Api-Key ${stack.key}`, 'content-type': 'application/json', ...headers },
      ...(body === null ? {} : { method: 'POST', body }),
    });
    const text = await response.text();
    return {
      status: response.status,
      text,
      headers: response.headers,
      answer: Object(JSON.parse(firstLine(text))),
    };
  }

  const api = (method: string, body: string) => send(`/foundationModels/v1/${method}`, body);
  const messages = '"messages":[{"role":"user","text":"Say hello."}]';
  const modelUri = '"modelUri":"gpt://0/chat-default/latest"';

  test('gets the same answer whichever way JSON writes its numbers and names', async () => {
    const forms = [
      '"completionOptions":{"temperature":0,"maxTokens":"5"}',
      '"completionOptions":{"temperature":0,"maxTokens":5}',
      '"completionOptions":{"temperature":"0","maxTokens":5.0}',
      '"completionOptions":{"temperature":0.0,"maxTokens":5e0,"stream":false}',
      '"completion_options":{"temperature":0,"max_tokens":"5","reasoning_options":{"mode":"DISABLED"}}',
      '"completionOptions":{"temperature":0,"maxTokens":5,"reasoningOptions":{"mode":1}},"tools":[],"jsonSchema":null',
    ];
    const answers = await Promise.all(
      forms.map((options) => api('completion', `{${modelUri},${options},${messages}}`)),
    );
    const { result } = answers[0]?.answer ?? {};
    for (const [index, { status, answer, text }] of answers.entries()) {
      assert.equal(status, 200, `${forms[index]}: ${text}`);
      // Beside other requests the last bits of the arithmetic, and so a word, may differ: what was asked does not.
      const [alternative] = answer.result.alternatives;
      assert.ok(alternative.message.text);
      alternative.message.text = result.alternatives[0].message.text;
      assert.deepEqual(answer, answers[0]?.answer, forms[index]);
    }
    assert.deepEqual(Object.keys(result), ['alternatives', 'usage', 'modelVersion']);
    assert.equal(result.usage.completionTokens, '5');
    assert.equal(result.usage.completionTokensDetails.reasoningTokens, '0');
    assert.match(result.modelVersion, /^\d\d\.\d\d\.\d{4}$/);
  });

  test('reads a stream as lines, each of which holds the whole text so far', async () => {
    const body = `{${modelUri},"completionOptions":{"stream":true,"temperature":0,"maxTokens":"5"},${messages}}`;
    const { text, headers } = await api('completion', body);
    assert.equal(headers.get('content-type'), 'application/json');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => Object(JSON.parse(line)).result.alternatives[0]);
    const texts: string[] = lines.map(({ message }) => message.text);
    assert.ok(texts.length > 2);
    for (const [index, later] of texts.slice(1).entries()) assert.ok(later.startsWith(texts[index] ?? ''));
    assert.equal(lines.at(-1).status, 'ALTERNATIVE_STATUS_TRUNCATED_FINAL');
  });

  test('has its tools called and its schema kept to', async () => {
    const parameters =
      '{"type":"object","properties":{"city":{"type":"string","maxLength":9}},"required":["city"]}';
    const tools = `"tools":[{"function":{"name":"weather","parameters":${parameters}}}],"toolChoice":{"functionName":"weather"}`;
    const options = '"completionOptions":{"temperature":0,"maxTokens":"60"}';
    const called = await api('completion', `{${modelUri},${options},${messages},${tools}}`);
    const [{ message, status }] = called.answer.result.alternatives;
    assert.equal(status, 'ALTERNATIVE_STATUS_TOOL_CALLS');
    const [{ functionCall }] = message.toolCallList.toolCalls;
    assert.equal(functionCall.name, 'weather');
    assert.equal(typeof functionCall.arguments.city, 'string');
    const fitted = await api(
      'completion',
      `{${modelUri},${options},${messages},"json_schema":{"schema":${parameters}}}`,
    );
    assert.equal(typeof JSON.parse(fitted.answer.result.alternatives[0].message.text).city, 'string');
  });

  test('finds every other method, with integers as texts and nothing left out', async () => {
    const tokens = await api('tokenize', `{${modelUri},"text":"a cup of tea"}`);
    assert.deepEqual(Object.keys(tokens.answer), ['tokens', 'modelVersion']);
    assert.equal(typeof tokens.answer.tokens[0].id, 'string');
    assert.equal(tokens.answer.tokens[0].special, false);
    const prompt = await api('tokenizeCompletion', `{${modelUri},${messages}}`);
    assert.ok(prompt.answer.tokens.length > 5);
    const vector = await api('textEmbedding', '{"modelUri":"emb://0/embedding-default","text":"tea"}');
    assert.equal(vector.answer.embedding.length, 384);
    assert.match(vector.answer.numTokens, /^\d+$/);
    const topics = '"labels":["tea","law"],"taskDescription":"Tell the topic.","text":"A hot cup."';
    const classes = await api('fewShotTextClassification', `{"modelUri":"cls://0/chat-default",${topics}}`);
    const total = classes.answer.predictions.reduce(
      (sum: number, one: { confidence: number }) => sum + one.confidence,
      0,
    );
    assert.ok(Math.abs(total - 1) < 1e-9);
    const places = await send('/endpoints', null, { authorization: '' });
    assert.ok(places.text.includes(`"address":"${stack.grpcAddress}"`), places.text);
  });

  test('is told what is wrong in the form that it knows, with a name for who asks for support', async () => {
    const named = { 'x-client-request-id': '0f0f0f0f-aaaa-4bbb-8ccc-121212121212' };
    const wrong = await send(
      '/foundationModels/v1/completion',
      `{"modelUri":"gpt://0/nothing",${messages}}`,
      named,
    );
    assert.equal(wrong.status, 404);
    assert.deepEqual(
      { ...wrong.answer.error, message: '' },
      {
        grpcCode: 5,
        httpCode: 404,
        message: '',
        httpStatus: 'Not Found',
        details: [],
      },
    );
    assert.equal(wrong.headers.get('x-client-request-id'), named['x-client-request-id']);
    assert.match(wrong.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    assert.match(wrong.headers.get('x-server-trace-id') ?? '', /^[0-9a-f]+:[0-9a-f]+:[0-9a-f]+:1$/);
    const refusals: [string, string | null, Record<string, string>, number, number][] = [
      ['/foundationModels/v1/tokenize', '{"modelUri":"nonsense","text":"x"}', {}, 400, 3],
      ['/foundationModels/v1/tokenize', '{"modelUri":"gpt://elsewhere/chat-default","text":"x"}', {}, 400, 3],
      ['/foundationModels/v1/tokenize', '{', {}, 400, 3],
      ['/foundationModels/v1/tokenize', '{}', { authorization: 'Api-Key smv_wrong' }, 401, 16],
      ['/foundationModels/v1/tokenize', '{}', { authorization: '' }, 401, 16],
      ['/foundationModels/v1/completionBatch', `{${modelUri},"sourceDatasetId":"d"}`, {}, 501, 12],
      ['/foundationModels/v1/nothing', '{}', {}, 404, 12],
      ['/operations/nothing', null, {}, 404, 5],
    ];
    for (const [path, body, headers, status, code] of refusals) {
      const refused = await send(path, body, headers);
      assert.equal(refused.status, status, `${path}: ${refused.text}`);
      if (!path.endsWith('/nothing') || body === null)
        assert.deepEqual([refused.answer.code, refused.answer.details], [code, []], refused.text);
    }
  });

  test('names its models the same way over the OpenAI-compatible API, and streams as that API did there', async () => {
    const chat = (model: string, stream: boolean) =>
      send(
        '/v1/chat/completions',
        JSON.stringify({ model, stream, max_tokens: 3, messages: [{ role: 'user', content: 'Hi' }] }),
      );
    const whole = await chat('gpt://default/chat-default/latest', false);
    assert.equal(whole.status, 200, whole.text);
    const { text } = await chat('gpt://default/chat-default/latest', true);
    assert.ok(!text.includes('"finish_reason":null'), text);
    assert.match(text, /"finish_reason":"length"/);
    assert.match(text, /"usage":\{/);
    assert.match((await chat('chat-default', true)).text, /"finish_reason":null/);
    const elsewhere = await chat('gpt://elsewhere/chat-default/latest', false);
    assert.deepEqual([elsewhere.status, elsewhere.answer.samovar.code], [400, 'request.folder_mismatch']);
    const vector = '{"model":"emb://default/embedding-default/latest","input":"tea"}';
    assert.equal((await send('/v1/embeddings', vector)).answer.data[0].embedding.length, 384);
    const wrong = await chat('emb://default/embedding-default/latest', false);
    assert.equal(wrong.answer.samovar.code, 'model.wrong_task');
    const listed = await send('/v1/models', null, { 'openai-project': 'default' });
    const ids: string[] = listed.answer.data.map(({ id }: { id: string }) => id);
    assert.ok(ids.includes('gpt://default/chat-default/latest'), ids.join());
    assert.ok(ids.includes('emb://default/embedding-default/latest'), ids.join());
    const one = await send(`/v1/models/${encodeURIComponent(ids[0] ?? '')}`, null);
    assert.equal(one.answer.id, ids[0]);
    const plain = await send('/v1/models', null, { 'openai-project': 'proj_of_somebody' });
    assert.ok(plain.text.includes('"id":"chat-default"'));
  });
});

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').replace(/^data: /, '');
}
