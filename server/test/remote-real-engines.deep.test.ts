import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { freePort } from './free-port.ts';
import { llamaServerProgram } from './llama-server-program.ts';
import { testModel } from './models.ts';
import { type RemoteFixture, startRemoteFixture } from './remote-fixture.ts';
import { startTestStack, type TestStack } from './stack.ts';

let fixture: RemoteFixture;
let client: OpenAI;

before(async () => {
  fixture = await startRemoteFixture();
  client = new OpenAI({ baseURL: `${fixture.url}/v1`, apiKey: fixture.key, maxRetries: 0 });
});
after(() => fixture.stop());

const telling = {
  text: 'Каша из топора\n, 🙂 and <|im_start|> too',
  messages: [{ role: 'user', text: 'Say hello.' }],
};

interface Tokens {
  readonly tokens: { readonly id: string; readonly text?: string; readonly special?: boolean }[];
}

/** What the tokenizer service tells of a text and of a prompt, by a server and its key. */
async function tokensBy(url: string, key: string, model: string): Promise<{ text: Tokens; prompt: Tokens }> {
  const ask = async (method: string, more: object): Promise<Tokens> => {
    const answer = await fetch(`${url}/foundationModels/v1/${method}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ modelUri: `gpt://0/${model}/latest`, ...more }),
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    return (await answer.json()) as Tokens;
  };
  const { text, messages } = telling;
  return { text: await ask('tokenize', { text }), prompt: await ask('tokenizeCompletion', { messages }) };
}

const joined = ({ tokens }: Tokens): string => tokens.map(({ text }) => text ?? '').join('');

/** What the official client says of a chat, streamed and not, with its counts. */
async function chatOf(model: string): Promise<void> {
  const messages = [{ role: 'user' as const, content: 'Say hello.' }];
  const whole = await client.chat.completions.create({ model, messages, max_tokens: 6, temperature: 0 });
  assert.equal(whole.model, model);
  assert.ok(whole.choices[0]?.message.content);
  assert.ok((whole.usage?.completion_tokens ?? 0) > 0);
  const stream = await client.chat.completions.create({
    ...{ model, messages, max_tokens: 6, temperature: 0 },
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  let tokens = 0;
  for await (const event of stream) {
    assert.equal(event.model, model);
    text += event.choices[0]?.delta.content ?? '';
    tokens = event.usage?.completion_tokens ?? tokens;
  }
  assert.equal(text, whole.choices[0]?.message.content);
  assert.equal(tokens, whole.usage?.completion_tokens);
}

describe('a real llama-server', () => {
  let stop: () => Promise<void>;

  before(async () => {
    const { files } = await testModel('smollm2-135m-instruct');
    const file = Object.values(files).find((path) => path !== undefined) ?? '';
    const port = await freePort();
    const child = spawn(
      await llamaServerProgram(),
      ['-m', file, '-c', '2048', '-np', '2', '-t', '1', '--port', String(port), '--jinja', '-a', 'smol'],
      { stdio: 'ignore' },
    );
    stop = async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    };
    for (let healthy = false; !healthy; await sleep(100))
      healthy = (await fetch(`http://127.0.0.1:${port}/health`).catch(() => null))?.ok ?? false;
    const engine = await fixture.connect('llama', { url: `http://127.0.0.1:${port}` });
    assert.deepEqual([engine.state, engine.flavour, engine.reason], ['healthy', 'llama-server', null]);
    const [model] = engine.models;
    assert.deepEqual([model.name, model.contextTokens], ['smol', 1024]);
    for (const capability of ['completions', 'json-schema', 'logprobs', 'tokenize'])
      assert.ok(model.capabilities.includes(capability), capability);
  });
  after(() => stop());

  test('answers the official client, streamed and whole, with the same text and counts', async () => {
    await chatOf('smol');
    const stream = await client.completions.create({
      ...{ model: 'smol', prompt: 'One, two,', max_tokens: 4, temperature: 0 },
      stream: true,
      stream_options: { include_usage: true },
    });
    let tokens = 0;
    for await (const event of stream) tokens = event.usage?.completion_tokens ?? tokens;
    assert.equal(tokens, 4);
  });

  test('tells tokens: the text again, and as many of a prompt as it counts itself', async () => {
    const { text, prompt } = await tokensBy(fixture.url, fixture.key, 'smol');
    assert.equal(joined(text), telling.text);
    assert.ok(text.tokens.every(({ special }) => !special));
    const specials = prompt.tokens.flatMap(({ text: shown, special }) => (special ? [shown] : []));
    assert.deepEqual(new Set(specials), new Set(['<|im_start|>', '<|im_end|>']));
    assert.match(joined(prompt), /<\|im_start\|>user\nSay hello\.<\|im_end\|>\n<\|im_start\|>assistant\n$/);
    const messages = telling.messages.map(({ text: content }) => ({ role: 'user' as const, content }));
    const { usage } = await client.chat.completions.create({ model: 'smol', messages, max_tokens: 1 });
    assert.equal(usage?.prompt_tokens, prompt.tokens.length);
  });

  test('obeys a schema, and says in our words that a prompt is too long', async () => {
    const answer = await client.chat.completions.create({
      model: 'smol',
      messages: [{ role: 'user', content: 'A city?' }],
      max_tokens: 40,
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'city',
          strict: true,
          schema: {
            type: 'object',
            properties: { city: { type: 'string', maxLength: 12 } },
            required: ['city'],
            additionalProperties: false,
          },
        },
      },
    });
    assert.ok('city' in JSON.parse(answer.choices[0]?.message.content ?? ''));
    await assert.rejects(
      client.chat.completions.create({
        model: 'smol',
        messages: [{ role: 'user', content: 'word '.repeat(3000) }],
      }),
      (error: unknown) => error instanceof OpenAI.APIError && error.code === 'context_length_exceeded',
    );
  });
});

describe('another Samovar', () => {
  let stack: TestStack;

  before(async () => {
    stack = await startTestStack();
    const engine = await fixture.connect(
      'samovar',
      { url: `${stack.url}/v1` },
      {
        key: stack.key,
        models: [
          { upstream: 'smollm2-135m-instruct' },
          { upstream: 'chat-default', name: 'far-default' },
          { upstream: 'all-minilm-l6-v2' },
        ],
      },
    );
    assert.deepEqual([engine.state, engine.flavour, engine.reason], ['healthy', 'samovar', null]);
    const lanes = Object.fromEntries(
      engine.models.map((model: { name: string; lane: string }) => [model.name, model.lane]),
    );
    assert.deepEqual(lanes, {
      'smollm2-135m-instruct': 'pass-through',
      'far-default': 'normalise',
      'all-minilm-l6-v2': 'pass-through',
    });
  });
  after(() => stack?.stop());

  test('answers the official client in both lanes', async () => {
    await chatOf('smollm2-135m-instruct');
    await chatOf('far-default');
    const embedded = await client.embeddings.create({ model: 'all-minilm-l6-v2', input: ['a', 'b'] });
    assert.deepEqual([embedded.data.length, embedded.data[0]?.embedding.length], [2, 384]);
  });

  test('tells the very tokens that it tells its own callers', async () => {
    const [there, here] = await Promise.all([
      tokensBy(stack.url, stack.key, 'smollm2-135m-instruct'),
      tokensBy(fixture.url, fixture.key, 'smollm2-135m-instruct'),
    ]);
    assert.equal(joined(here.text), telling.text);
    assert.deepEqual([here.text.tokens, here.prompt.tokens], [there.text.tokens, there.prompt.tokens]);
  });

  test('honours what open engines honour, and is asked for tools with a schema', async () => {
    const answer = await fixture.chat('smollm2-135m-instruct', { top_k: 1, min_p: 0.1, max_tokens: 4 });
    assert.equal(answer.status, 200);
    const called = await client.chat.completions.create({
      model: 'smollm2-135m-instruct',
      messages: [{ role: 'user', content: 'The weather in Paris?' }],
      max_tokens: 60,
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
          },
        },
      ],
      tool_choice: { type: 'function', function: { name: 'weather' } },
    });
    const [call] = called.choices[0]?.message.tool_calls ?? [];
    assert.ok(call?.type === 'function' && call.function.name === 'weather');
  });
});
