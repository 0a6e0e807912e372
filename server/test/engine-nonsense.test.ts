import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatBody } from './gateway.ts';
import { type Answer, startScriptedGateway, stopAfterTests } from './scripted-gateway.ts';
import { beginEvents, chatEvent, doneEvent, type ScriptedWorker, sendJson } from './scripted-worker.ts';

const stopLater = stopAfterTests();

/** Arguments of a call that was never begun. */
const nonsense = chatEvent('', {
  choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: '{}' } }] } }],
});

const gatewayOver = (answer: Answer, lane: 'normalise' | 'pass-through' = 'normalise') =>
  startScriptedGateway(stopLater, answer, {}, lane);

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

test('a tool call without a name never reaches a chat client either, streamed or whole', async () => {
  const { worker, gateway } = await gatewayOver(({ response, body }) => {
    if (body.stream !== true) {
      const message = { tool_calls: [{ id: 'a', function: { arguments: '{}' } }] };
      sendJson(response, 200, JSON.stringify({ choices: [{ message }] }));
      return;
    }
    beginEvents(response);
    response.write(chatEvent('a') + nonsense + chatEvent('b'));
  });
  const whole = await gateway.post('/v1/chat/completions', chatBody());
  assert.equal(whole.status, 500);
  assert.match(await whole.text(), /engine\.failed/);
  const streamed = await (await gateway.post('/v1/chat/completions', chatBody({ stream: true }))).text();
  assert.match(streamed, /"content":"a".*engine\.failed/s);
  assert.doesNotMatch(streamed, /tool_calls|"content":"b"/);
  await untilCancelled(worker);
});

test('a tool call that is named once and goes on in fragments reaches the client whole', async () => {
  const fragment = (call: object) =>
    chatEvent('', { choices: [{ index: 0, delta: { tool_calls: [call] } }] });
  const { gateway } = await gatewayOver(({ response }) => {
    beginEvents(response);
    response.write(
      fragment({ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{"x"' } }),
    );
    response.end(fragment({ index: 0, function: { arguments: ':1}' } }) + doneEvent);
  });
  const streamed = await (await gateway.post('/v1/chat/completions', chatBody({ stream: true }))).text();
  assert.match(streamed, /"name":"f".*:1\}.*\[DONE\]/s);
  assert.doesNotMatch(streamed, /error/);
});

for (const lane of ['pass-through', 'normalise'] as const)
  test(`an event that never ends is given up at its limit, in the ${lane} lane`, async () => {
    const { worker, gateway } = await gatewayOver(async ({ response }) => {
      beginEvents(response);
      response.write(`${chatEvent('a')}data: {"choices":[{"index":0,"delta":{"content":"`);
      const piece = 'x'.repeat(60_000);
      for (let count = 0; count < 1000 && !response.destroyed; count += 1)
        if (!response.write(piece)) await new Promise((resolve) => setTimeout(resolve, 1));
    }, lane);
    const answer = await gateway.post('/v1/chat/completions', chatBody({ stream: true }));
    const text = await answer.text();
    assert.match(text, /"content":"a".*engine\.failed/s);
    await untilCancelled(worker);
    assert.equal((await gateway.metered(1))[0]?.errorCode, 'engine.failed');
  });
