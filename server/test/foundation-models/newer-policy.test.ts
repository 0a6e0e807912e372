import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelSnapshot } from '../../src/modules/registry/index.ts';
import { embeddingVersionId, startTestGateway, type TestGateway, versionId } from '../gateway.ts';
import { type ScriptedWorker, sendJson, startScriptedWorker } from '../scripted-worker.ts';

describe('a model that this process does not know yet', () => {
  let gateway: TestGateway;
  let worker: ScriptedWorker;
  let known: ModelSnapshot;
  let looked = Promise.withResolvers<boolean>();
  before(async () => {
    worker = await startScriptedWorker(({ response }) =>
      sendJson(response, 400, '{"error":{"message":"too long"}}'),
    );
    gateway = await startTestGateway({
      replicas: [worker.replica(versionId), worker.replica(embeddingVersionId)],
      newerPolicy: () => looked.promise,
    });
  });
  afterEach(() => {
    gateway.setModels(() => known);
    worker.requests.length = 0;
    looked = Promise.withResolvers();
  });
  after(async () => {
    await gateway.stop();
    await worker.die();
  });

  /** As before its import was ready, or before it was asked for. */
  function forget(name: string, pending: boolean): void {
    gateway.setModels((models) => {
      known = models;
      const key = [...models.models.keys()].find((each) => each.endsWith(`/${name}`)) ?? assert.fail();
      return {
        ...models,
        models: new Map([...models.models].filter(([each]) => each !== key)),
        pending: new Map(pending ? [[key, { state: 'importing' }]] : []),
      };
    });
  }

  function learn(): void {
    gateway.setModels(() => known);
    looked.resolve(true);
  }

  test('classifies by what it is once it is ready, not by what one does that is not ready', async () => {
    forget('e', true);
    const classified = gateway.post('/foundationModels/v1/fewShotTextClassification', {
      modelUri: 'cls://0/e',
      labels: ['a', 'b'],
      text: 'tea',
    });
    await sleep(50);
    learn();
    await (await classified).body?.cancel();
    assert.deepEqual(
      worker.requests.map(({ path }) => path),
      ['/v1/embeddings'],
    );
  });

  const calls: readonly (readonly [path: string, body: object])[] = [
    ['/v1/chat/completions', { model: 'gpt://0/m', messages: [{ role: 'user', content: 'Hi' }] }],
    ['/foundationModels/v1/completion', { modelUri: 'gpt://0/m', messages: [{ role: 'user', text: 'Hi' }] }],
  ];
  for (const [path, body] of calls)
    test(`begins nothing for a client of ${path} that left while it was looked for, and meters it`, async () => {
      forget('m', false);
      const before = gateway.records.length;
      const leaving = new AbortController();
      const left = gateway.post(path, body, { signal: leaving.signal });
      await sleep(100);
      leaving.abort();
      await assert.rejects(left, { name: 'AbortError' });
      await sleep(100);
      learn();
      assert.equal((await gateway.metered(before + 1)).length, before + 1);
      await sleep(100);
      assert.equal(worker.requests.length, 0);
    });
});
