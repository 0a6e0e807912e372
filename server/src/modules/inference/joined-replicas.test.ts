import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignChatReplica } from '../../../test/foreign-replica.ts';
import { chatBody, startTestGateway, versionId } from '../../../test/gateway.ts';
import { stopAfterTests } from '../../../test/scripted-gateway.ts';
import { chatAnswer, sendJson, startScriptedWorker } from '../../../test/scripted-worker.ts';

const stopLater = stopAfterTests();
const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];

test('a request goes past an engine that joined its model and cannot do what it asks, to a worker that can', async () => {
  const worker = await startScriptedWorker(({ response }) => sendJson(response, 200, chatAnswer('m')));
  const gateway = await startTestGateway({
    replicas: [foreignChatReplica(versionId), worker.replica(versionId)],
  });
  stopLater(
    () => gateway.stop(),
    () => worker.die(),
  );
  for (let turn = 0; turn < 20; turn += 1) {
    const messages = [{ role: 'user', content: `question ${turn}` }];
    const answer = await gateway.post('/v1/chat/completions', chatBody({ messages, tools }));
    assert.equal(answer.status, 200, await answer.text());
  }
});

test('a request waits for a worker of its model when the engine that joined it cannot do what it asks', async () => {
  const worker = await startScriptedWorker(({ response }) => sendJson(response, 200, chatAnswer('m')));
  const gateway = await startTestGateway({
    replicas: [foreignChatReplica(versionId)],
    onLoadRequest: (loading) =>
      loading.setReplicas([foreignChatReplica(versionId), worker.replica(versionId)]),
  });
  stopLater(
    () => gateway.stop(),
    () => worker.die(),
  );
  const answer = await gateway.post('/v1/chat/completions', chatBody({ tools }));
  assert.equal(answer.status, 200, await answer.text());
});
