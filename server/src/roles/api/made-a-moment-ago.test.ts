import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { defaultScope } from '@samovar/contract/default-scope';
import {
  CompletionRequestSchema,
  TextGenerationService,
} from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service_pb';
import { type ApiReplicas, startApiReplicas } from '../../../test/api-replicas.ts';
import { createGrpcCaller } from '../../../test/foundation-models/grpc-caller.ts';
import { addReadyModel, addReadyWorker } from '../../../test/ready-model-rows.ts';
import { registerWorker } from '../../../test/registered-worker.ts';
import {
  chatAnswer,
  type ScriptedWorker,
  sendJson,
  startScriptedWorker,
} from '../../../test/scripted-worker.ts';

const rounds = 50;
let replicas: ApiReplicas;
let worker: ScriptedWorker;

before(async () => {
  worker = await startScriptedWorker(({ response, body }) =>
    sendJson(response, 200, chatAnswer(String(body.model))),
  );
  replicas = await startApiReplicas(2, async (store) => {
    await registerWorker(store, 'unix:/nowhere');
  });
});
after(async () => {
  await replicas.stop();
  await worker.die();
});

async function call(url: string, path: string, body?: object, key = replicas.key): Promise<Response> {
  return await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
}

async function statusOf(answer: Promise<Response>): Promise<number> {
  const { status, body } = await answer;
  await body?.cancel();
  return status;
}

/** The status of a completion over gRPC; the text is too long for one piece of a request. */
async function grpcStatus(address: string, key: string, name: string): Promise<string> {
  const caller = createGrpcCaller(address, key);
  const request = create(CompletionRequestSchema, {
    modelUri: uriOf(name),
    completionOptions: {},
    messages: [{ role: 'user', Content: { case: 'text', value: 'long '.repeat(100_000) } }],
  });
  const { code, details } = await caller.call(TextGenerationService.method.completion, request);
  caller.close();
  return code === 0 ? 'OK' : `${code} ${details}`;
}

const uriOf = (name: string) => `gpt://${defaultScope.projectId}/${name}`;
const messages = [{ role: 'user', content: 'Hi' }];

/** By its name or its URI, on both surfaces over HTTP. */
const ways: readonly ((url: string, name: string) => Promise<Response>)[] = [
  (url, name) => call(url, '/v1/chat/completions', { model: name, messages }),
  (url, name) => call(url, '/v1/chat/completions', { model: uriOf(name), messages }),
  (url, name) => call(url, `/v1/models/${name}`),
  (url, name) =>
    call(url, '/foundationModels/v1/completion', {
      modelUri: uriOf(name),
      completionOptions: {},
      messages: [{ role: 'user', text: 'Hi' }],
    }),
];

test('a model that is ready is answered for at once by every replica, also when no notification tells of it', async () => {
  for (let round = 0; round < rounds; round += 1) {
    // Its rows bump the version, and notify nobody.
    const model = await addReadyModel(replicas.store, `fresh-${round}`);
    await addReadyWorker(replicas.store, model, worker.address);
    const way = ways[round % ways.length];
    assert.ok(way);
    const statuses = await Promise.all(replicas.urls.map((url) => statusOf(way(url, model.name))));
    assert.deepEqual(statuses, [200, 200], `round ${round}`);
  }
});

test('a key that was made at one replica is taken at once by the other', async () => {
  const [first = '', second = ''] = replicas.urls;
  for (let round = 0; round < rounds; round += 1) {
    const made = await call(first, '/api/keys', { name: `fresh-${round}` });
    const { secret } = (await made.json()) as { secret: string };
    const path = round % 2 === 0 ? '/v1/models' : '/v1/chat/completions';
    const body = round % 2 === 0 ? undefined : { model: 'fresh-0', messages };
    assert.equal(await statusOf(call(second, path, body, secret)), 200, `round ${round}`);
  }
});

test('so it is over gRPC, however long the request that comes meanwhile', async () => {
  const [first = ''] = replicas.urls;
  const [, second = ''] = replicas.grpcAddresses;
  for (let round = 0; round < rounds; round += 1) {
    const made = await call(first, '/api/keys', { name: `grpc-${round}` });
    const { secret } = (await made.json()) as { secret: string };
    assert.equal(await grpcStatus(second, secret, 'fresh-0'), 'OK', `round ${round}`);
  }
  assert.match(await grpcStatus(second, 'sk-none', 'fresh-0'), /^16 /);
});

test('names and keys that there are not are refused as ever, two hundred at a time within three seconds', async () => {
  const [first = ''] = replicas.urls;
  const begunAt = performance.now();
  const statuses = await Promise.all(
    Array.from({ length: 200 }, (_, at) =>
      statusOf(
        at % 2 === 0
          ? call(first, '/v1/chat/completions', { model: `none-${at}`, messages })
          : call(first, '/v1/models', undefined, `sk-none-${at}`),
      ),
    ),
  );
  assert.deepEqual(new Set(statuses), new Set([404, 401]));
  assert.ok(performance.now() - begunAt < 3_000);
});
