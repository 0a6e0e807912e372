import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startTestGateway, versionId } from './gateway.ts';
import {
  beginEvents,
  chatEvent,
  type ScriptedWorker,
  sendJson,
  startScriptedWorker,
} from './scripted-worker.ts';

const cleanups: (() => Promise<void>)[] = [];
after(async () => {
  for (const clean of cleanups) await clean();
});

/** Arguments of a call that was never begun. */
const nonsense = chatEvent('', {
  choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: '{}' } }] } }],
});

async function gatewayOver(answer: Parameters<typeof startScriptedWorker>[0]) {
  const worker = await startScriptedWorker(answer);
  const gateway = await startTestGateway({ replicas: [worker.replica(versionId, 'normalise')] });
  cleanups.push(
    () => gateway.stop(),
    () => worker.die(),
  );
  return { worker, gateway };
}

async function untilCancelled(worker: ScriptedWorker): Promise<void> {
  for (let waited = 0; worker.cancelled.length === 0 && waited < 5000; waited += 10)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

test('a stream that makes no sense ends as failed, and the worker stops writing it', async () => {
  const { worker, gateway } = await gatewayOver(({ response }) => {
    beginEvents(response);
    // It would go on for ever.
    response.write(chatEvent('a') + nonsense + chatEvent('b'));
  });
  const answer = await gateway.post('/v1/responses', { model: 'm', input: 'Hi', stream: true });
  const text = await answer.text();
  assert.match(text, /event: error\n.*engine\.failed.*\n\nevent: response\.failed\n[^\n]+\n\n$/s);
  assert.equal(text.match(/event: error/g)?.length, 1);
  assert.doesNotMatch(text, /"delta":"b"/);
  await untilCancelled(worker);
  const [record] = await gateway.metered(1);
  assert.deepEqual(worker.cancelled, [record?.requestId]);
  assert.equal(record?.errorCode, 'engine.failed');
});

test('a whole answer that makes no sense is a 500 of ours, and metered once', async () => {
  const { gateway } = await gatewayOver(({ response }) =>
    sendJson(response, 200, JSON.stringify({ choices: [{ message: { tool_calls: [7] } }] })),
  );
  const answer = await gateway.post('/v1/responses', { model: 'm', input: 'Hi' });
  assert.equal(answer.status, 500);
  assert.match(await answer.text(), /engine\.failed/);
  assert.equal((await gateway.metered(1)).length, 1);
});
