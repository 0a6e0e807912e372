import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SamovarError } from '../../kernel/errors.ts';
import { chatTable } from './chat/chat-parameters.ts';
import { checkChatRules } from './chat/chat-rules.ts';
import { checkParameters } from './check-parameters.ts';
import type { CompiledTable } from './parameter.ts';
import { responseTable } from './responses/response-parameters.ts';

const chat = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] };
const response = { model: 'm', input: 'Hi' };

function refusal(table: CompiledTable, body: Record<string, unknown>): SamovarError {
  try {
    checkParameters(table, body);
  } catch (error) {
    if (error instanceof SamovarError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

test('honoured parameters are kept, those without effect are named, null counts as not sent', () => {
  const checked = checkParameters(chatTable, {
    ...chat,
    temperature: 0.5,
    top_k: 10,
    seed: null,
    user: 'u',
    store: false,
    service_tier: 'auto',
    web_search_options: null,
  });
  assert.deepEqual(checked.honoured, { ...chat, temperature: 0.5, top_k: 10 });
  assert.deepEqual(checked.ignored, ['user', 'store', 'service_tier']);
});

test('a parameter that is not served is refused by its name', () => {
  for (const [table, base, name, value] of [
    [chatTable, chat, 'web_search_options', {}],
    [chatTable, chat, 'audio', { format: 'wav', voice: 'alloy' }],
    [chatTable, chat, 'store', true],
    [chatTable, chat, 'modalities', ['text', 'audio']],
    [chatTable, chat, 'functions', []],
    [responseTable, response, 'previous_response_id', 'resp_1'],
    [responseTable, response, 'conversation', 'conv_1'],
    [responseTable, response, 'background', true],
    [responseTable, response, 'store', true],
    [responseTable, response, 'prompt', { id: 'p' }],
  ] as const) {
    const error = refusal(table, { ...base, [name]: value });
    assert.equal(error.code, 'request.unsupported_parameter', name);
    assert.equal(error.field, name);
  }
});

test('what would change the result is never dropped: `truncation` may only be `disabled`', () => {
  assert.equal(refusal(responseTable, { ...response, truncation: 'auto' }).field, 'truncation');
  assert.deepEqual(
    checkParameters(responseTable, { ...response, truncation: 'disabled' }).honoured.truncation,
    'disabled',
  );
});

test('an unknown parameter and a missing one are told apart', () => {
  assert.equal(refusal(chatTable, { ...chat, temprature: 1 }).code, 'request.unknown_parameter');
  assert.equal(refusal(chatTable, { model: 'm' }).code, 'request.missing_parameter');
  assert.equal(refusal(chatTable, { ...chat, model: null }).field, 'model');
  assert.equal(refusal(chatTable, { ...chat, __proto__: null, constructor: 1 }).field, 'constructor');
});

test('an empty list of stop strings and every seed of 64 bits are taken, an empty stop string is not', () => {
  for (const extra of [{ stop: [] }, { seed: 2 ** 63 }, { seed: -(2 ** 63) }])
    assert.deepEqual(checkParameters(chatTable, { ...chat, ...extra }).honoured, { ...chat, ...extra });
  assert.equal(refusal(chatTable, { ...chat, stop: '' }).field, 'stop');
  assert.equal(refusal(chatTable, { ...chat, stop: [''] }).field, 'stop[0]');
  assert.equal(refusal(chatTable, { ...chat, seed: 2 ** 64 }).field, 'seed');
});

test('a tool choice without tools is refused, whatever it is', () => {
  const messages = [{ role: 'user', content: 'Hi' }];
  for (const tool_choice of ['auto', 'none', 'required'] as const)
    assert.throws(
      () => checkChatRules({ model: 'm', messages, tool_choice }),
      (error) => error instanceof SamovarError && error.field === 'tool_choice',
    );
});
