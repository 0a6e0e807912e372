import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TSchema } from 'typebox';
import { messages } from './chat/message-schema.ts';
import { responseFormat, toolChoice, tools } from './chat/tool-schema.ts';
import { explainMismatch } from './explain-mismatch.ts';
import { responseInput } from './responses/input-schema.ts';
import { logitBias, metadata, stop } from './schema-pieces.ts';

const user = { role: 'user', content: 'Hi' };

const faults: readonly (readonly [string, TSchema, unknown, string, string])[] = [
  ['messages', messages, [], 'messages', 'request.invalid'],
  ['messages', messages, 'Hi', 'messages', 'request.invalid'],
  ['messages', messages, [user, { role: 'user', content: 5 }], 'messages[1].content', 'request.invalid'],
  ['messages', messages, [{ role: 'robot', content: 'x' }], 'messages[0].role', 'request.invalid'],
  ['messages', messages, [{ content: 'x' }], 'messages[0].role', 'request.missing_parameter'],
  ['messages', messages, [{ role: 'user' }], 'messages[0].content', 'request.missing_parameter'],
  ['messages', messages, [{ ...user, mood: 1 }], 'messages[0].mood', 'request.unknown_parameter'],
  [
    'messages',
    messages,
    [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }],
    'messages[0].content[0].type',
    'request.invalid',
  ],
  [
    'messages',
    messages,
    [{ role: 'user', content: [{ type: 'text', text: 1 }] }],
    'messages[0].content[0].text',
    'request.invalid',
  ],
  [
    'messages',
    messages,
    [{ role: 'tool', content: 'x' }],
    'messages[0].tool_call_id',
    'request.missing_parameter',
  ],
  ['tools', tools, [{ type: 'web_search' }], 'tools[0].type', 'request.invalid'],
  [
    'tools',
    tools,
    [{ type: 'function', function: { name: 'two words' } }],
    'tools[0].function.name',
    'request.invalid',
  ],
  ['tool_choice', toolChoice, 'sometimes', 'tool_choice', 'request.invalid'],
  ['tool_choice', toolChoice, { type: 'custom' }, 'tool_choice.type', 'request.invalid'],
  [
    'response_format',
    responseFormat,
    { type: 'json_schema', json_schema: { name: 'x' } },
    'response_format.json_schema.schema',
    'request.missing_parameter',
  ],
  ['stop', stop, Array(10_000).fill('a'), 'stop', 'request.invalid'],
  ['stop', stop, ['a', ''], 'stop[1]', 'request.invalid'],
  ['logit_bias', logitBias, { 5: 1000 }, 'logit_bias.5', 'request.invalid'],
  ['logit_bias', logitBias, { five: 1 }, 'logit_bias.five', 'request.unknown_parameter'],
  ['metadata', metadata, { a: 1 }, 'metadata.a', 'request.invalid'],
  ['input', responseInput, [{ type: 'computer_call' }], 'input[0].type', 'request.invalid'],
  ['input', responseInput, [{ role: 'user', content: 5 }], 'input[0].content', 'request.invalid'],
  [
    'input',
    responseInput,
    [{ type: 'function_call_output', output: 'x' }],
    'input[0].call_id',
    'request.missing_parameter',
  ],
  [
    'input',
    responseInput,
    [{ role: 'user', content: [{ type: 'input_image', image_url: 'x' }] }],
    'input[0].content[0].type',
    'request.invalid',
  ],
];

test('a value that does not fit is explained by the path of its innermost fault', () => {
  for (const [name, schema, value, path, code] of faults) {
    const error = explainMismatch(schema, value, name);
    assert.equal(error.field, path, `${path}: ${error.message}`);
    assert.equal(error.code, code, `${path}: ${error.message}`);
    assert.ok(error.message.length < 400);
  }
});

test('the explanation names the expected type and the one that was sent', () => {
  const error = explainMismatch(messages, [{ role: 'user', content: 5 }], 'messages');
  assert.match(error.message, /expected a string or an array, but got an integer/);
  assert.equal(error.params.kind, 'invalid_type');
});
