import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { classifierOver, type TestClassifier } from '../../../test/classification.ts';
import { startEmbeddingWorker } from '../../../test/embedding-worker.ts';
import { embeddingVersionId, startTestGateway, type TestGateway } from '../../../test/gateway.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { Running } from '../../kernel/ports/running.ts';

const socket = join(tmpdir(), `samovar-classify-${randomBytes(6).toString('hex')}.sock`);
let worker: Running;
let gateway: TestGateway;
let classifier: TestClassifier;

before(async () => {
  worker = await startEmbeddingWorker(socket);
  const replica = {
    workerId: 'real',
    versionId: embeddingVersionId,
    address: `unix:${socket}`,
    lane: 'pass-through' as const,
    slots: 1,
  };
  gateway = await startTestGateway({ replicas: [replica] });
  classifier = classifierOver(gateway);
});

after(async () => {
  await gateway.stop();
  await worker.stop(0);
});

describe('an embedding model', () => {
  test('gives each label a probability by nearness; all of them sum to 1', async () => {
    const { confidences, inputTokens } = await classifier.ask({ model: 'e' });
    const sum = confidences.reduce((left, right) => left + right, 0);
    assert.ok(Math.abs(sum - 1) < 1e-9);
    assert.equal(confidences.indexOf(Math.max(...confidences)), 2);
    assert.ok(inputTokens > 10);
    assert.equal(gateway.records.at(-1)?.inputTokens, inputTokens);
  });

  test('the order of labels and samples changes no outcome', async () => {
    const samples = [
      { text: 'The oven must be hot.', label: 'cooking' },
      { text: 'Clouds gather in the west.', label: 'weather' },
    ];
    const given = await classifier.ask({ model: 'e', samples });
    const turned = await classifier.ask({
      model: 'e',
      labels: ['weather', 'cooking', 'sports'],
      samples: samples.toReversed(),
    });
    // The model's int8 arithmetic depends a little on what shares a batch.
    for (const [at, value] of turned.confidences.toReversed().entries())
      assert.ok(Math.abs(value - (given.confidences[at] ?? 0)) < 0.1);
  });

  test('samples teach what the names of the labels do not say', async () => {
    const labels = ['A', 'B'];
    const samples = [
      { text: 'The match ended two to one.', label: 'A' },
      { text: 'Stir the soup slowly.', label: 'B' },
    ];
    const confidenceOfA = async (text: string) =>
      (await classifier.ask({ model: 'e', labels, samples, text })).confidences[0] ?? 0;
    assert.ok((await confidenceOfA('The striker scored a late goal.')) > 0.5);
    assert.ok((await confidenceOfA('Boil the potatoes with some salt.')) < 0.5);
  });

  test('a hundred labels of any script take one request', async () => {
    const labels = ['погода', '天気', ...Array.from({ length: 98 }, (_, index) => `class ${index}`)];
    const before = gateway.records.length;
    const { confidences } = await classifier.ask({ model: 'e', labels });
    assert.equal(confidences.length, 100);
    assert.equal(gateway.records.length, before + 1);
  });

  test('a text that does not fit is refused with both counts', async () => {
    const error: unknown = await classifier
      .ask({ model: 'e', text: 'word '.repeat(400) })
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof SamovarError);
    assert.equal(error.code, 'engine.context_exceeded');
    assert.match(error.message, /402 tokens, .*256 tokens/);
  });
});
