import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createOpenAI, type OpenAIProvider } from '@ai-sdk/openai';
import { embed, embedMany, generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import { startTestStack, type TestStack } from '../stack.ts';

let stack: TestStack;
let openai: OpenAIProvider;
before(async () => {
  stack = await startTestStack();
  openai = createOpenAI({ baseURL: `${stack.url}/v1`, apiKey: stack.key });
});
after(() => stack?.stop());

const prompt = 'Say hello.';
const light = z.object({ on: z.boolean(), level: z.enum(['low', 'high']) });

/** The provider's default is the Responses API. */
const models = () => [openai('chat-default'), openai.chat('chat-default')] as const;

test('text is generated through both APIs', async () => {
  for (const model of models()) {
    const answer = await generateText({ model, prompt, maxOutputTokens: 16 });
    assert.ok(answer.text);
    assert.ok((answer.usage.outputTokens ?? 0) > 0);
  }
});

test('text is streamed through both APIs', async () => {
  for (const model of models()) {
    const stream = streamText({ model, prompt, maxOutputTokens: 16 });
    let text = '';
    for await (const piece of stream.textStream) text += piece;
    assert.ok(text);
    assert.equal(text, await stream.text);
  }
});

test('objects keep their schema through both APIs', async () => {
  for (const model of models()) {
    const { object } = await generateObject({ model, schema: light, prompt: 'The light?' });
    light.parse(object);
  }
});

test('tools are called through both APIs, and the next step takes their results', async () => {
  for (const model of models()) {
    let called = 0;
    const answer = await generateText({
      model,
      prompt: 'Switch the light on.',
      maxOutputTokens: 60,
      temperature: 0,
      // A small model goes on calling for as long as it may.
      providerOptions: { openai: { parallelToolCalls: false } },
      stopWhen: stepCountIs(2),
      prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber === 0 ? 'required' : 'none' }),
      tools: {
        set_light: tool({
          description: 'Switches the light.',
          inputSchema: light,
          execute: async () => {
            called += 1;
            return 'done';
          },
        }),
      },
    });
    assert.ok(called >= 1);
    assert.equal(answer.steps.length, 2);
  }
});

test('embeddings are made, one and many', async () => {
  const model = openai.embedding('embedding-default');
  const one = await embed({ model, value: 'A cat.' });
  const many = await embedMany({ model, values: ['A cat.', 'A dog.'] });
  assert.equal(one.embedding.length, many.embeddings[0]?.length);
});

test('a conversation goes on with what was said before', async () => {
  const question = { role: 'user' as const, content: prompt };
  for (const model of models()) {
    // The Responses provider otherwise points into the store of the server, which has none.
    const providerOptions = { openai: { store: false } };
    const first = await generateText({ model, messages: [question], maxOutputTokens: 8, providerOptions });
    const messages = [question, ...first.response.messages, question];
    const second = await generateText({ model, messages, maxOutputTokens: 8, providerOptions });
    assert.ok(second.text);
  }
});

test('a reference into a store is refused with the setting that helps', async () => {
  const model = openai('chat-default');
  const question = { role: 'user' as const, content: prompt };
  const first = await generateText({ model, messages: [question], maxOutputTokens: 8 });
  await assert.rejects(
    generateText({ model, messages: [question, ...first.response.messages, question], maxRetries: 0 }),
    /item_reference.*store: false/,
  );
});
