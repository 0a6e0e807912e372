// Runs the product's own Node SDK against a server under TLS with a private authority, and a plain grpc-js client with
// the SDK's definitions. All that differs from the published service are the addresses.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { SDK_FOLDER, GRPC, API_KEY, CA_FILE } = process.env;
const require = createRequire(join(SDK_FOLDER, 'package.json'));
const { Session, waitForOperation } = require('@yandex-cloud/nodejs-sdk');
const models = require('@yandex-cloud/nodejs-sdk/ai-foundation_models-v1');
const { operationService } = require('@yandex-cloud/nodejs-sdk/operation');
const { credentials, Client, Metadata, status } = require('@grpc/grpc-js');

const generation = models.textGenerationService;
const rootCerts = readFileSync(CA_FILE);
const modelUri = 'gpt://0/chat-default/latest';
const asking = (stream, maxTokens = 6, text = 'Say hello.') =>
  generation.CompletionRequest.fromPartial({
    modelUri,
    completionOptions: { stream, temperature: 0, maxTokens },
    messages: [{ role: 'user', text }],
  });
const connect = (token, headers = {}) =>
  new Session({ iamToken: token, ssl: { rootCerts }, headers, pollInterval: 50 });
const session = connect(API_KEY, { 'x-folder-id': 'default' });
const client = session.client(generation.TextGenerationServiceClient, GRPC);

async function collect(answers) {
  const all = [];
  for await (const answer of answers) all.push(answer);
  return all;
}

async function completion() {
  const [answer, ...others] = await collect(client.completion(asking(false)));
  assert.equal(others.length, 0);
  assert.ok(answer.alternatives[0].message.text);
  assert.equal(Number(answer.usage.completionTokens), 6);
}

async function streamed() {
  const texts = (await collect(client.completion(asking(true)))).map(
    (one) => one.alternatives[0].message.text,
  );
  assert.ok(texts.length > 2);
  for (const [index, text] of texts.slice(1).entries()) assert.ok(text.startsWith(texts[index]));
}

async function operation() {
  const later = session.client(generation.TextGenerationAsyncServiceClient, GRPC);
  const begun = await later.completion(asking(false));
  const ended = await waitForOperation(begun, session, 60_000, GRPC);
  const answer = generation.CompletionResponse.decode(ended.response.value);
  const [now] = await collect(client.completion(asking(false)));
  assert.equal(answer.alternatives[0].message.text, now.alternatives[0].message.text);
  const operations = session.client(operationService.OperationServiceClient, GRPC);
  const long = await later.completion(asking(false, 4000, 'Count to a thousand.'));
  await operations.cancel({ operationId: long.id });
  await assert.rejects(
    waitForOperation(long, session, 60_000, GRPC),
    (failed) => failed.error.code === status.CANCELLED,
  );
}

async function tokens() {
  const tokenizer = session.client(generation.TokenizerServiceClient, GRPC);
  const answer = await tokenizer.tokenize(
    generation.TokenizeRequest.fromPartial({ modelUri, text: 'a cup of tea' }),
  );
  assert.ok(answer.tokens.length >= 4);
}

async function vector() {
  const { embeddingService } = models;
  const embeddings = session.client(embeddingService.EmbeddingsServiceClient, GRPC);
  const request = { modelUri: 'emb://0/embedding-default/latest', text: 'tea' };
  const answer = await embeddings.textEmbedding(embeddingService.TextEmbeddingRequest.fromPartial(request));
  assert.equal(answer.embedding.length, 384);
}

async function classification() {
  const service = models.textClassificationService;
  const classifiers = session.client(service.TextClassificationServiceClient, GRPC);
  const answer = await classifiers.fewShotClassify(
    service.FewShotTextClassificationRequest.fromPartial({
      modelUri: 'cls://0/chat-default/latest',
      taskDescription: 'Tell the topic.',
      labels: ['tea', 'law'],
      text: 'A hot cup.',
    }),
  );
  assert.ok(Math.abs(answer.predictions.reduce((sum, one) => sum + one.confidence, 0) - 1) < 1e-9);
}

async function errors() {
  const nothing = { ...asking(false), modelUri: 'gpt://0/nothing/latest' };
  await assert.rejects(collect(client.completion(nothing)), (error) => {
    // The SDK's own error has no code, only the text of one.
    assert.match(error.message, /NOT_FOUND/);
    assert.match(error.requestId, /^[0-9a-f-]{36}$/);
    assert.match(error.serverTraceId, /^[0-9a-f]+:[0-9a-f]+:[0-9a-f]+:1$/);
    return true;
  });
  const stranger = connect('smv_wrong').client(generation.TextGenerationServiceClient, GRPC);
  await assert.rejects(collect(stranger.completion(asking(false))), /UNAUTHENTICATED/);
  const distrustful = new Session({ iamToken: API_KEY }).client(generation.TokenizerServiceClient, GRPC);
  const request = generation.TokenizeRequest.fromPartial({ modelUri, text: 'tea' });
  await assert.rejects(distrustful.tokenize(request), { code: status.UNAVAILABLE });
}

/** A call with grpc-js itself: no middleware, deadlines and retries of its own. */
async function plainClient() {
  const { path, requestSerialize, responseDeserialize } = generation.TextGenerationServiceService.completion;
  const plain = new Client(GRPC, credentials.createSsl(rootCerts), {
    'grpc.default_compression_algorithm': 2,
  });
  const metadata = new Metadata();
  metadata.set('authorization', `api-key ${API_KEY}`);
  const ask = (request, options) =>
    plain.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata, options);
  const call = ask(asking(true), { deadline: Date.now() + 30_000 });
  const initial = new Promise((resolve) => call.once('metadata', resolve));
  assert.ok((await collect(call)).length > 2);
  assert.match(String((await initial).get('x-request-id')), /^[0-9a-f-]{36}$/);
  const late = ask(asking(true, 4000), { deadline: Date.now() + 40 });
  await assert.rejects(collect(late), { code: status.DEADLINE_EXCEEDED });
  plain.close();
}

for (const check of [completion, streamed, operation, tokens, vector, classification, errors, plainClient]) {
  await check();
  console.log('ok', check.name);
}
process.exit(0);
