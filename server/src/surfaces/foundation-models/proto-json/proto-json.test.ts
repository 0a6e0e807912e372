import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  CompletionRequestSchema,
  CompletionResponseSchema,
} from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service_pb';
import { OperationSchema } from '@samovar/contract/generated/yandex/cloud/operation/operation_pb';
import { SamovarError } from '../../../kernel/errors.ts';
import { readMessage } from './read-message.ts';
import { writeMessage } from './write-message.ts';

function read(json: unknown) {
  return readMessage(
    CompletionRequestSchema,
    Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)),
  );
}

function refusal(json: unknown): [string, string | null] {
  try {
    read(json);
  } catch (thrown) {
    assert.ok(thrown instanceof SamovarError);
    return [thrown.code, thrown.field];
  }
  return assert.fail(`${JSON.stringify(json)} was taken`);
}

describe('JSON of messages', () => {
  test('takes names in both spellings, and 64-bit integers as numbers and as texts', () => {
    const forms: [unknown, bigint][] = [
      [20, 20n],
      ['20', 20n],
      [2e1, 20n],
      ['9007199254740993', 9007199254740993n],
    ];
    for (const [maxTokens, expected] of forms) {
      assert.equal(read({ completionOptions: { maxTokens } }).completionOptions?.maxTokens, expected);
      assert.equal(
        read({ completion_options: { max_tokens: maxTokens } }).completionOptions?.maxTokens,
        expected,
      );
    }
    assert.equal(read({ completionOptions: { temperature: '0.5' } }).completionOptions?.temperature, 0.5);
    assert.equal(read({ toolChoice: { mode: 2 } }).toolChoice?.ToolChoice.value, 2);
    assert.equal(read({ toolChoice: { mode: 'AUTO' } }).toolChoice?.ToolChoice.value, 2);
  });

  test('takes null for what was not sent', () => {
    const request = read({
      modelUri: null,
      completionOptions: null,
      messages: null,
      parallelToolCalls: null,
    });
    assert.equal(request.modelUri, '');
    assert.equal(request.completionOptions, undefined);
    assert.deepEqual(request.messages, []);
  });

  test('is refused with the path of what does not fit', () => {
    const cases: [unknown, string, string | null][] = [
      ['', 'request.malformed_json', null],
      ['[]', 'request.malformed_json', null],
      ['{"a":}', 'request.malformed_json', null],
      [`{"messages":[${'{},'.repeat(300_000)}{}]}`, 'request.malformed_json', null],
      [`{"messages":[${'{},'.repeat(50_000)}5]}`, 'request.invalid', 'body'],
      ['{"modelUri":"\\ud800"}', 'request.malformed_json', null],
      [`{"jsonSchema":{"schema":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}}`, 'request.malformed_json', null],
      [`{"messages":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 'request.malformed_json', null],
      [{ modelUrl: 'x' }, 'request.unknown_parameter', 'modelUrl'],
      [{ completionOptions: { temprature: 1 } }, 'request.unknown_parameter', 'completionOptions.temprature'],
      [{ messages: [{ role: 'user', txt: 'x' }] }, 'request.unknown_parameter', 'messages[0].txt'],
      [{ messages: [{}, null] }, 'request.invalid', 'messages[1]'],
      [{ messages: {} }, 'request.invalid', 'messages'],
      [{ messages: ['x'] }, 'request.invalid', 'messages[0]'],
      [{ modelUri: 5 }, 'request.invalid', 'modelUri'],
      [{ completionOptions: [] }, 'request.invalid', 'completionOptions'],
      [{ completionOptions: { maxTokens: '0x5' } }, 'request.invalid', 'completionOptions.maxTokens'],
      [{ completion_options: { max_tokens: ' 5' } }, 'request.invalid', 'completion_options.max_tokens'],
      [{ completionOptions: { maxTokens: '' } }, 'request.invalid', 'completionOptions.maxTokens'],
      [{ completionOptions: { temperature: '0b1' } }, 'request.invalid', 'completionOptions.temperature'],
      [{ completionOptions: { stream: 'yes' } }, 'request.invalid', 'completionOptions.stream'],
      [{ completionOptions: { maxTokens: 1.5 } }, 'request.invalid', 'completionOptions.maxTokens'],
      [{ completionOptions: { maxTokens: '1.5' } }, 'request.invalid', 'completionOptions.maxTokens'],
      [{ completionOptions: { maxTokens: 2 ** 63 } }, 'request.invalid', 'completionOptions.maxTokens'],
      [{ completionOptions: { temperature: 'hot' } }, 'request.invalid', 'completionOptions.temperature'],
      [{ toolChoice: { mode: 'SOMETIMES' } }, 'request.invalid', 'toolChoice.mode'],
      [{ toolChoice: { mode: 'AUTO', functionName: 'f' } }, 'request.invalid', 'toolChoice'],
      [{ jsonObject: true, jsonSchema: {} }, 'request.invalid', 'body'],
      [{ modelUri: 'a', model_uri: 'b' }, 'request.invalid', 'body'],
      [{ jsonSchema: { schema: [] } }, 'request.invalid', 'jsonSchema.schema'],
    ];
    for (const [json, code, field] of cases)
      assert.deepEqual(refusal(json), [code, field], JSON.stringify(json).slice(0, 100));
  });

  test('keeps names that mean something to JavaScript as plain data', () => {
    const schema = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"a":1}}');
    const request = read(`{"jsonSchema":{"schema":${JSON.stringify(schema)}}}`);
    assert.equal(request.ResponseFormat.case, 'jsonSchema');
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });

  test('is written with every field, null for messages that are not set, and members of a oneof only when set', () => {
    assert.deepEqual(writeMessage(OperationSchema, create(OperationSchema, { id: 'op_1' })), {
      id: 'op_1',
      description: '',
      createdAt: null,
      createdBy: '',
      modifiedAt: null,
      done: false,
      metadata: null,
    });
  });
});

test('the response of an operation is written with its type beside its fields', () => {
  const response = anyPack(CompletionResponseSchema, create(CompletionResponseSchema, { modelVersion: 'v' }));
  const operation = create(OperationSchema, { result: { case: 'response', value: response } });
  assert.deepEqual(Object(writeMessage(OperationSchema, operation)).response, {
    '@type': 'type.googleapis.com/yandex.cloud.ai.foundation_models.v1.CompletionResponse',
    alternatives: [],
    modelVersion: 'v',
  });
});
