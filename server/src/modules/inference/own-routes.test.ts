import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestGateway } from '../../../test/gateway.ts';
import {
  type ScriptedGateway,
  startScriptedGateway,
  stopAfterTests,
} from '../../../test/scripted-gateway.ts';
import { sendJson } from '../../../test/scripted-worker.ts';
import { testPrincipal } from '../../../test/test-principal.ts';
import type { SamovarError } from '../../kernel/errors.ts';
import type { InferenceRequest, TokenCounts, WorkerPath } from './index.ts';

const stopLater = stopAfterTests();

function gatewayAnswering(
  status: number,
  answer: Record<string, unknown>,
  lane: 'pass-through' | 'normalise',
): Promise<ScriptedGateway> {
  const text = JSON.stringify(answer);
  return startScriptedGateway(stopLater, ({ response }) => sendJson(response, status, text), {}, lane);
}

interface Ended {
  readonly answer: Readonly<Record<string, unknown>> | null;
  readonly counts: TokenCounts | null;
  readonly error: SamovarError | null;
}

/** Asks a worker route of our own through the data path. */
function ask(gateway: TestGateway, workerPath: WorkerPath, more: Partial<InferenceRequest>): Promise<Ended> {
  return new Promise((resolve) => {
    let answer: Ended['answer'] = null;
    const request: InferenceRequest = {
      requestId: 'request-1',
      principal: testPrincipal(gateway.keyId, gateway.model),
      endpoint: 'foundation-models.tokenize',
      workerPath,
      task: 'chat',
      model: 'chat-default',
      body: {},
      stream: false,
      clientWantsUsage: false,
      reserveTokens: 1,
      priority: 'interactive',
      ...more,
    };
    gateway.inference.start(request, {
      form: 'objects',
      start() {},
      bytes: () => true,
      object(value) {
        answer = value;
        return true;
      },
      end: (counts) => resolve({ answer, counts, error: null }),
      error: (error) => resolve({ answer, counts: null, error }),
    });
  });
}

for (const lane of ['pass-through', 'normalise'] as const)
  test(`the answer of a scoring worker arrives whole, and its own counts are metered (${lane})`, async () => {
    const scores = { scores: [{ logprob: -1.5, tokens: 2 }], usage: { prompt_tokens: 9 } };
    const { gateway, worker } = await gatewayAnswering(200, scores, lane);
    const body = { prompt: 'It is', continuations: [' so'] };
    const ended = await ask(gateway, '/score', { body, endpoint: 'foundation-models.classify' });
    assert.deepEqual(ended.answer, scores);
    assert.equal(ended.counts?.inputTokens, 9);
    assert.deepEqual(worker.requests[0]?.body, { ...body, model: 'm' });
    const [record] = await gateway.metered(1);
    assert.deepEqual(
      [record?.endpoint, record?.inputTokens, record?.outputTokens, record?.estimated],
      ['foundation-models.classify', 9, 0, false],
    );
  });

test('telling tokens computes nothing: the request is metered with none', async () => {
  const tokens = { tokens: [5, 6], count: 2, pieces: [{ text: 'a', special: false }] };
  const { gateway } = await gatewayAnswering(200, tokens, 'normalise');
  const ended = await ask(gateway, '/tokenize', { body: { text: 'a b' } });
  assert.deepEqual(ended.answer, tokens);
  const [record] = await gateway.metered(1);
  assert.deepEqual([record?.status, record?.inputTokens, record?.estimated], [200, 0, false]);
});

test('an engine without our routes is refused by what it cannot do, not with a failure', async () => {
  const { gateway } = await gatewayAnswering(404, { detail: 'Not Found' }, 'normalise');
  const tokens = await ask(gateway, '/tokenize', { body: { text: 'a' } });
  assert.equal(tokens.error?.code, 'engine.unsupported_operation');
  const scores = await ask(gateway, '/score', { body: {} });
  assert.equal(scores.error?.code, 'engine.unsupported_operation');
  assert.match(scores.error?.message ?? '', /cannot score/);
  assert.equal((await gateway.metered(2))[1]?.errorCode, 'engine.unsupported_operation');
});

test('a deadline travels to the worker', async () => {
  const { gateway, worker } = await gatewayAnswering(200, { scores: [] }, 'pass-through');
  const deadline = Date.now() + 60_000;
  await ask(gateway, '/score', { deadline });
  assert.equal(worker.requests[0]?.headers['x-samovar-deadline'], String(deadline));
  await ask(gateway, '/score', {});
  assert.equal(worker.requests[1]?.headers['x-samovar-deadline'], undefined);
});
