import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classifierOver } from '../../../test/classification.ts';
import {
  embeddingVersionId,
  type GatewayOptions,
  startTestGateway,
  versionId,
} from '../../../test/gateway.ts';
import { stopAfterTests } from '../../../test/scripted-gateway.ts';
import {
  type ScriptedWorker,
  sendJson,
  startScriptedWorker,
  type WorkerRequest,
} from '../../../test/scripted-worker.ts';
import { SamovarError } from '../../kernel/errors.ts';

const stopLater = stopAfterTests();

async function scripted(answer: (request: WorkerRequest) => void, options: GatewayOptions = {}) {
  const worker = await startScriptedWorker(answer);
  const replicas = [worker.replica(versionId), { ...worker.replica(embeddingVersionId), workerId: 'other' }];
  const gateway = await startTestGateway({ replicas, ...options });
  stopLater(
    () => gateway.stop(),
    () => worker.die(),
  );
  return { gateway, worker, classifier: classifierOver(gateway) };
}

/** Scores by how the worker is asked: the longer the label, the less likely. */
function scoreByLength({ body, response }: WorkerRequest): void {
  const { prompts, continuations } = body as { prompts: string[]; continuations: string[] };
  const scores = prompts.map((prompt) =>
    continuations.map((text) => ({
      logprob: prompt.includes('Text: N/A\nLabel:') ? -2 * text.length : -text.length - prompt.length,
      tokens: 2,
    })),
  );
  sendJson(response, 200, JSON.stringify({ scores, usage: { prompt_tokens: 40 } }));
}

async function codeOf(refused: Promise<unknown>): Promise<string> {
  const error: unknown = await refused.then(
    () => assert.fail('it was taken'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SamovarError, String(error));
  return error.code;
}

const untilAsked = async (worker: ScriptedWorker): Promise<void> => {
  while (worker.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
};

test('one classification is one request to the worker and one record of usage, calibration included', async () => {
  const { gateway, worker, classifier } = await scripted(scoreByLength);
  const { inputTokens, confidences } = await classifier.ask({ labels: ['bb', 'a', 'cccc'] });
  const [asked] = worker.requests;
  assert.equal(worker.requests.length, 1);
  assert.equal(asked?.path, '/score');
  assert.deepEqual(asked.body.continuations, [' a', ' bb', ' cccc']);
  assert.equal((asked.body.prompts as string[]).length, 2);
  // The longest label is the least likely, and by its calibration still less so: it gains most.
  assert.deepEqual([...confidences].sort(), [confidences[1], confidences[0], confidences[2]]);
  const [record] = await gateway.metered(1);
  assert.equal(inputTokens, 40);
  assert.deepEqual(
    [record?.endpoint, record?.inputTokens, record?.outputTokens, record?.estimated, record?.requestedModel],
    ['foundation-models.classify', 40, 0, false, 'm'],
  );
});

test('what another task, model or sample has calibrated is not taken for this one', async () => {
  const { worker, classifier } = await scripted(scoreByLength);
  const samples = [{ text: 'Rain.', label: 'weather' }];
  for (const more of [{}, { samples }, { taskDescription: 'Other.' }, {}, { labels: ['weather', 'x'] }])
    await classifier.ask(more);
  const prompts = worker.requests.map(({ body }) => (body.prompts as string[]).length);
  assert.deepEqual(prompts, [2, 2, 2, 1, 2]);
});

test('an engine that cannot score refuses to classify, and says so', async () => {
  const { classifier } = await scripted(({ response }) => sendJson(response, 404, '{}'));
  assert.equal(await codeOf(classifier.ask()), 'engine.unsupported_operation');
});

test('an answer without a score for each label is a failure of the engine, never a guess', async () => {
  for (const answer of [{}, { scores: [[{ logprob: -1, tokens: 1 }]] }, { scores: [[null, null, null]] }]) {
    const { classifier } = await scripted(({ response }) => sendJson(response, 200, JSON.stringify(answer)));
    assert.equal(await codeOf(classifier.ask()), 'engine.failed');
    assert.equal(await codeOf(classifier.ask({ model: 'e' })), 'engine.failed');
  }
});

test('a model that does not exist is refused as everywhere, and metered', async () => {
  const { gateway, classifier } = await scripted(scoreByLength);
  assert.equal(await codeOf(classifier.ask({ model: 'nowhere' })), 'model.not_found');
  assert.equal((await gateway.metered(1))[0]?.errorCode, 'model.not_found');
});

test('limits of the key hold', async () => {
  const { classifier } = await scripted(scoreByLength, { limits: { requestsPerMinute: 1 } });
  await classifier.ask();
  assert.match(await codeOf(classifier.ask()), /^limit\./);
});

test('a caller who leaves stops the worker, and the call rejects with the reason', async () => {
  const { gateway, worker, classifier } = await scripted(() => {});
  const leaving = new AbortController();
  const reason = new Error('gone');
  const asked = classifier.ask({}, leaving.signal);
  await untilAsked(worker);
  leaving.abort(reason);
  await assert.rejects(asked, reason);
  assert.equal((await gateway.metered(1))[0]?.status, 499);
  assert.deepEqual(worker.cancelled, ['request-1']);
  await assert.rejects(classifier.ask({}, leaving.signal), reason);
  assert.equal(worker.requests.length, 1);
});

test('a passed deadline ends the call by itself, and travels to the worker', async () => {
  const { worker, classifier } = await scripted(() => {});
  const deadline = Date.now() + 100;
  assert.equal(await codeOf(classifier.ask({ deadline })), 'engine.deadline_passed');
  assert.equal(worker.requests[0]?.headers['x-samovar-deadline'], String(deadline));
});

test('an embedding model is asked for labels and samples once per task, then for texts alone', async () => {
  const { worker, classifier } = await scripted(({ body, response }) => {
    const input = body.input as string[];
    const data = input.map((text) => ({ embedding: text.includes('w') ? [1, 0] : [0, 2] }));
    sendJson(response, 200, JSON.stringify({ data, usage: { prompt_tokens: input.length } }));
  });
  const ask = () =>
    classifier.ask({ model: 'e', samples: [{ text: 'wet', label: 'weather' }], text: 'wind' });
  const first = await ask();
  const second = await ask();
  assert.deepEqual(second.confidences, first.confidences);
  assert.deepEqual([first.inputTokens, second.inputTokens], [5, 1]);
  assert.deepEqual(worker.requests[1]?.body.input, ['wind']);
  assert.equal(first.confidences.indexOf(Math.max(...first.confidences)), 2);
});

test('an input that is too long for an embedding model is named as the caller knows it', async () => {
  const tooLong = (index: number) => {
    const { code, message } = new SamovarError('engine.input_too_long', {
      params: { index, inputTokens: 400, maxTokens: 256 },
    });
    const params = { index, inputTokens: 400, maxTokens: 256 };
    return JSON.stringify({ error: { message, param: 'input' }, samovar: { code, params } });
  };
  const samples = [{ text: 'long', label: 'weather' }];
  for (const [index, expected] of [
    [0, ['engine.context_exceeded', 'text']],
    [2, ['request.invalid', 'labels[1]']],
    [4, ['request.invalid', 'samples[0].text']],
  ] as const) {
    const { classifier } = await scripted(({ response }) => sendJson(response, 400, tooLong(index)));
    const error: unknown = await classifier.ask({ model: 'e', samples }).catch((reason: unknown) => reason);
    assert.ok(error instanceof SamovarError);
    assert.deepEqual([error.code, error.field], expected);
    assert.match(error.message, /400 .*256/);
  }
});
