import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chatMessages } from './chat-messages.ts';
import type { InputItem } from './input-schema.ts';

test('a text is one user message, after the instructions', () => {
  assert.deepEqual(chatMessages('Be brief.', 'Hi'), [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
  ]);
});

test('system messages at the start become one, later ones stay where they are', () => {
  assert.deepEqual(
    chatMessages('A', [
      { role: 'developer', content: 'B' },
      { role: 'user', content: [{ type: 'input_text', text: 'C' }] },
      { role: 'system', content: 'D' },
    ]),
    [
      { role: 'system', content: 'A\n\nB' },
      { role: 'user', content: 'C' },
      { role: 'system', content: 'D' },
    ],
  );
});

test('reasoning, text and calls of one turn become one assistant message', () => {
  const items: InputItem[] = [
    { role: 'user', content: 'Weather?' },
    { type: 'reasoning', summary: [], content: [{ text: 'hm' }] },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Looking.' }] },
    { type: 'function_call', call_id: 'c1', name: 'weather', arguments: '{"a":1}' },
    { type: 'function_call', call_id: 'c2', name: 'weather', arguments: '{"a":2}' },
    { type: 'function_call_output', call_id: 'c1', output: 'sun' },
    { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'rain' }] },
  ];
  assert.deepEqual(chatMessages(undefined, items), [
    { role: 'user', content: 'Weather?' },
    {
      role: 'assistant',
      reasoning_content: 'hm',
      content: 'Looking.',
      tool_calls: [
        { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"a":1}' } },
        { id: 'c2', type: 'function', function: { name: 'weather', arguments: '{"a":2}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'c1', content: 'sun' },
    { role: 'tool', tool_call_id: 'c2', content: 'rain' },
  ]);
});

const text = fc.stringMatching(/^[a-z ]+$/);
const item: fc.Arbitrary<InputItem> = fc.oneof(
  fc.record({
    role: fc.constantFrom('user', 'assistant', 'system', 'developer'),
    content: text,
  }),
  fc.record({
    type: fc.constant('function_call' as const),
    call_id: text,
    name: text,
    arguments: text,
  }),
  fc.record({ type: fc.constant('function_call_output' as const), call_id: text, output: text }),
  fc.record({
    type: fc.constant('reasoning' as const),
    summary: fc.constant([]),
    content: fc.array(fc.record({ text }), { minLength: 1, maxLength: 2 }),
  }),
);

test('no text and no call of the input is lost or moved, whatever the items', () => {
  fc.assert(
    fc.property(fc.array(item, { minLength: 1 }), (items) => {
      const messages = chatMessages(undefined, items);
      assert.equal(words(messages), items.map(wordsOfItem).join('\n'));
    }),
  );
});

function wordsOfItem(one: InputItem): string {
  if (one.type === 'function_call') return `${one.name}(${one.arguments})`;
  if (one.type === 'function_call_output') return String(one.output);
  if (one.type === 'reasoning') return (one.content ?? []).map((part) => part.text).join('');
  return String(one.content);
}

/** Everything that is said, in order; merged system messages are taken apart again. */
function words(messages: ReturnType<typeof chatMessages>): string {
  return messages
    .flatMap((message) => {
      const said: string[] = [];
      if ('reasoning_content' in message && message.reasoning_content !== undefined)
        said.push(message.reasoning_content);
      if (typeof message.content === 'string')
        said.push(message.role === 'system' ? message.content.replaceAll('\n\n', '\n') : message.content);
      if ('tool_calls' in message)
        for (const call of message.tool_calls ?? [])
          if (call.type === 'function') said.push(`${call.function.name}(${call.function.arguments})`);
      return said;
    })
    .join('\n');
}
