import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { embeddingVersionId, startTestGateway, type TestGateway, versionId } from '../gateway.ts';
import { type ScriptedWorker, startScriptedWorker } from '../scripted-worker.ts';
import { answerEveryPath } from './answer-every-path.ts';
import { fuzzRest } from './fuzz-rest.ts';

const base = '/foundationModels/v1/';
const user = { role: 'user', text: 'Hi' };

function completion(more: Record<string, unknown>): string {
  return JSON.stringify({ modelUri: 'gpt://0/m/latest', messages: [user], ...more });
}

function fewShot(more: Record<string, unknown>): string {
  return JSON.stringify({ modelUri: 'cls://0/m/latest', labels: ['a', 'b'], text: 'x', ...more });
}

/** What is sent where, the gRPC status of its refusal, and what its message says. */
type Refusal = readonly [what: string, path: string, body: string | Buffer, code: number, message: RegExp];

const refusals: readonly Refusal[] = [
  ['malformed JSON', 'completion', '{"modelUri": ', 3, /not valid JSON/],
  ['no body', 'tokenize', '', 3, /the body is empty/],
  ['a list', 'completion', '[1]', 3, /expected an object at the top/],
  ['invalid UTF-8', 'completion', Buffer.from([0x7b, 0xff, 0x7d]), 3, /UTF-8/],
  ['half of a surrogate pair', 'tokenize', '{"text":"\\udc00"}', 3, /surrogate/],
  ['a deep nest', 'completion', `{"messages":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 3, /nests deeper/],
  ['a misspelt field', 'completion', completion({ temprature: 1 }), 3, /Unknown parameter: `temprature`/],
  ['no model', 'completion', JSON.stringify({ messages: [user] }), 3, /^invalid model_uri: it is empty/],
  ['an address for a model', 'completion', completion({ modelUri: 'https://x/y' }), 3, /^invalid model_uri/],
  [
    'a folder of others',
    'completion',
    completion({ modelUri: 'gpt://b1g/m' }),
    3,
    /^Specified folder ID 'b1g'/,
  ],
  ['an unknown model', 'completion', completion({ modelUri: 'gpt://0/x' }), 5, /does not exist/],
  ['no messages', 'completion', completion({ messages: [] }), 3, /Missing required parameter: `messages`/],
  [
    'too hot',
    'completion',
    completion({ completionOptions: { temperature: 2 } }),
    3,
    /temperature`: it must be/,
  ],
  ['no tokens', 'completion', completion({ completionOptions: { maxTokens: '0' } }), 3, /greater than 0/],
  ['no messages to count', 'tokenizeCompletion', completion({ messages: [] }), 3, /`messages`/],
  ['a model for something else', 'tokenize', '{"modelUri":"gpt://0/e","text":"a"}', 3, /does embedding/],
  ['nothing to embed', 'textEmbedding', '{"modelUri":"emb://0/e","text":""}', 3, /`text`/],
  ['a negative size', 'textEmbedding', '{"modelUri":"emb://0/e","text":"a","dim":"-1"}', 3, /`dim`/],
  [
    'a class that is no text',
    'fewShotTextClassification',
    fewShot({ labels: ['a', 5] }),
    3,
    /labels\[1\]`: expected a string, but got 5/,
  ],
  [
    'classes that are no list',
    'fewShotTextClassification',
    fewShot({ labels: 'a' }),
    3,
    /labels`: expected an array, but got "a"/,
  ],
  [
    'a number in hexadecimal',
    'completion',
    completion({ completionOptions: { maxTokens: '0x5' } }),
    3,
    /maxTokens`: expected a decimal number, but got "0x5"/,
  ],
  ['one class', 'fewShotTextClassification', fewShot({ labels: ['a'] }), 3, /`labels`/],
  ['the same class twice', 'fewShotTextClassification', fewShot({ labels: ['a', 'a'] }), 3, /`labels\[1\]`/],
  [
    'a hundred and one classes',
    'fewShotTextClassification',
    fewShot({ labels: Array.from({ length: 101 }, (_, index) => `l${index}`) }),
    3,
    /at most 100/,
  ],
  [
    'a sample of another class',
    'fewShotTextClassification',
    fewShot({ samples: [{ text: 't', label: 'c' }] }),
    3,
    /samples\[0\].label/,
  ],
  ['nothing to classify', 'fewShotTextClassification', fewShot({ text: '' }), 3, /`text`/],
  ['a tuned classifier', 'textClassification', '{"modelUri":"cls://0/m","text":"x"}', 3, /not a classifier/],
  ['a batch', 'completionBatch', '{"modelUri":"gpt://0/m","sourceDatasetId":"d"}', 12, /no data sets/],
];

describe('the Foundation Models API', () => {
  let gateway: TestGateway;
  let worker: ScriptedWorker;
  before(async () => {
    worker = await startScriptedWorker(answerEveryPath);
    gateway = await startTestGateway({
      replicas: [worker.replica(versionId), worker.replica(embeddingVersionId)],
    });
  });
  after(async () => {
    await gateway?.stop();
    await worker?.die();
  });

  for (const [what, path, body, code, message] of refusals) {
    test(`refuses ${what} with its code and a message that says why`, async () => {
      const before = worker.requests.length;
      const response = await gateway.post(base + path, null, { body: new Uint8Array(Buffer.from(body)) });
      const answer = Object(await response.json());
      const told = answer.error ?? answer;
      assert.equal(told.grpcCode ?? told.code, code, JSON.stringify(answer));
      assert.match(told.message, message);
      assert.deepEqual(told.details, []);
      assert.equal(worker.requests.length, before, 'nothing reached the worker');
    });
  }

  test('answers whatever is made from its schemas, and spoiled, without failing inside', async () => {
    const models = {
      [`${base}textEmbedding`]: 'emb://0/e/latest',
      [`${base}textClassification`]: 'cls://0/m/latest',
      [`${base}fewShotTextClassification`]: 'cls://0/m/latest',
      other: 'gpt://0/m/latest',
    };
    const report = await fuzzRest(gateway, gateway.routes, { seconds: 4, models });
    assert.ok(report.requests > 40, JSON.stringify(report));
    assert.ok((report.statuses[200] ?? 0) > 0 && (report.statuses[400] ?? 0) > 0, JSON.stringify(report));
  });
});
