import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { HumanMessage, SystemMessage, ToolMessage, type UsageMetadata } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { z } from 'zod';
import { startTestStack, type TestStack } from '../stack.ts';

let stack: TestStack;
before(async () => {
  stack = await startTestStack();
});
after(() => stack?.stop());

const light = z.object({ on: z.boolean(), level: z.enum(['low', 'high']) });

function chat(options: { useResponsesApi?: boolean; maxTokens?: number } = {}) {
  return new ChatOpenAI({
    model: 'chat-default',
    apiKey: stack.key,
    configuration: { baseURL: `${stack.url}/v1` },
    maxTokens: 24,
    temperature: 0,
    maxRetries: 0,
    ...options,
  });
}

test('a chat model answers and streams with its defaults', async () => {
  for (const useResponsesApi of [false, true]) {
    const model = chat({ useResponsesApi });
    const answer = await model.invoke([new SystemMessage('Be brief.'), new HumanMessage('Say hello.')]);
    assert.ok(answer.text);
    // The declared type of the message leaves this member out.
    const usage = answer.usage_metadata as unknown as UsageMetadata | undefined;
    assert.ok((usage?.output_tokens ?? 0) > 0);
    let text = '';
    for await (const chunk of await model.stream('Say hello.')) text += chunk.text;
    assert.ok(text);
  }
});

test('structured output keeps its schema', async () => {
  const model = chat({ maxTokens: 60 }).withStructuredOutput(light, { name: 'light', method: 'jsonSchema' });
  light.parse(await model.invoke('The light?'));
});

test('bound tools are called and their results are taken', async () => {
  const setLight = tool(async () => 'done', {
    name: 'set_light',
    description: 'Switches the light.',
    schema: light,
  });
  const question = new HumanMessage('Switch the light on.');
  for (const useResponsesApi of [false, true]) {
    const model = chat({ maxTokens: 60, useResponsesApi }).bindTools([setLight], {
      tool_choice: 'set_light',
      parallel_tool_calls: false,
    });
    const answer = await model.invoke([question]);
    const [call] = answer.tool_calls ?? [];
    assert.equal(call?.name, 'set_light');
    const result = new ToolMessage({ content: 'done', tool_call_id: call?.id ?? '' });
    const next = await chat({ useResponsesApi }).invoke([question, answer, result]);
    const last = await chat({ useResponsesApi }).invoke([question, answer, result, next, question]);
    assert.equal(last.type, 'ai');
  }
});

test('embeddings are made with the defaults', async () => {
  const embeddings = new OpenAIEmbeddings({
    model: 'embedding-default',
    apiKey: stack.key,
    configuration: { baseURL: `${stack.url}/v1` },
    maxRetries: 0,
  });
  const [one] = await embeddings.embedDocuments(['A cat.', 'A dog.']);
  const query = await embeddings.embedQuery('A cat.');
  assert.equal(one?.length, query.length);
});
