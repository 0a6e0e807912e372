import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cleanUp } from '../supervised-run.ts';
import { type ChaosStack, startChaosStack } from './chaos-stack.ts';
import { chatModel, embeddingModel, stopWhole } from './hurt-stack.ts';
import { type RequestKind, sendRequest } from './send-request.ts';

/** With one sequence the language model needs 465 MiB, the embedding model 181: each fits, both do not. */
const budget = { SAMOVAR_ENGINE_PARALLEL: '1', SAMOVAR_DRAIN_SECONDS: '30' };
const onlyOneFits = 500 * 2 ** 20;
const onlyTheSmallFits = 220 * 2 ** 20;
const swapMs = 20_000;
let stack: ChaosStack;

before(async () => {
  stack = await startChaosStack({ ...budget, SAMOVAR_ENGINE_MEMORY_BYTES: String(onlyOneFits) });
});
after(cleanUp);

test('models that do not fit together take turns as they are called', async () => {
  for (const kind of ['whole', 'embedding', 'whole', 'embedding'] as const) {
    const outcome = await sendRequest(stack, kind, 4);
    assert.equal(outcome.end, 'completed', JSON.stringify(outcome));
    assert.ok(outcome.endedAt - outcome.startedAt < swapMs, JSON.stringify(outcome));
    const other = kind === 'whole' ? embeddingModel : chatModel;
    assert.equal(stack.modelWorker(other), null, `${other} is out of memory`);
  }
});

test('calls for both at once all get their answers', async () => {
  const kinds: RequestKind[] = ['stream', 'embedding', 'whole', 'embedding', 'stream', 'embedding'];
  const outcomes = await Promise.all(kinds.map((kind) => sendRequest(stack, kind, 16)));
  for (const outcome of outcomes) {
    assert.equal(outcome.end, 'completed', JSON.stringify(outcome));
    assert.ok(outcome.endedAt - outcome.startedAt < 3 * swapMs, JSON.stringify(outcome));
  }
});

test('a stream that runs ends properly before its model makes room', async () => {
  const stream = sendRequest(stack, 'stream', 150);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const embedding = await sendRequest(stack, 'embedding');
  assert.equal(embedding.end, 'completed', JSON.stringify(embedding));
  const told = await stream;
  assert.equal(told.end, 'completed', JSON.stringify(told));
});

test('a model that can never fit is refused at once with the reason, and the others answer', async () => {
  await stopWhole(stack);
  await stack.startAgain({ SAMOVAR_ENGINE_MEMORY_BYTES: String(onlyTheSmallFits) });
  const refused = await sendRequest(stack, 'whole', 4);
  assert.deepEqual([refused.end, refused.errorCode, refused.status], ['refused', 'engine.load_failed', 503]);
  assert.ok(refused.endedAt - refused.startedAt < 5_000, JSON.stringify(refused));
  const embedding = await sendRequest(stack, 'embedding');
  assert.equal(embedding.end, 'completed', JSON.stringify(embedding));
});
