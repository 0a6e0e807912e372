import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { classifierOver, type TestClassifier } from '../../../test/classification.ts';
import { startTestGateway, type TestGateway, versionId } from '../../../test/gateway.ts';
import { startTestWorker } from '../../../test/llama-worker.ts';

const sumOf = (values: readonly number[]) => values.reduce((left, right) => left + right, 0);
const near = (left: number, right: number) => assert.ok(Math.abs(left - right) < 1e-9, `${left} ${right}`);
/** What batching leaves open. */
const alike = (left: readonly number[], right: readonly number[]) => {
  assert.equal(left.length, right.length);
  for (const [at, value] of left.entries())
    assert.ok(Math.abs(value - (right[at] ?? 0)) < 0.03, `${left.join()} and ${right.join()}`);
};

let worker: Awaited<ReturnType<typeof startTestWorker>>;
let gateway: TestGateway;
let classifier: TestClassifier;

before(async () => {
  worker = await startTestWorker({ contextTokens: 2048 });
  await worker.ready();
  const replica = {
    workerId: 'real',
    versionId,
    address: `unix:${worker.listen}`,
    lane: 'pass-through' as const,
    slots: 2,
  };
  gateway = await startTestGateway({ replicas: [replica] });
  classifier = classifierOver(gateway);
});

after(async () => {
  await gateway.stop();
  await worker.stop();
});

describe('a generating model', () => {
  test('gives each label a probability; all of them sum to 1, and the fitting one is the largest', async () => {
    const { confidences, inputTokens, model } = await classifier.ask();
    assert.equal(confidences.length, 3);
    near(sumOf(confidences), 1);
    assert.ok(confidences.every((value) => value > 0 && value < 1));
    assert.equal(confidences.indexOf(Math.max(...confidences)), 2);
    assert.ok(inputTokens > 20);
    assert.equal(model.versionId, versionId);
  });

  test('the order of the labels changes nothing', async () => {
    const { confidences } = await classifier.ask();
    const turned = await classifier.ask({ labels: ['weather', 'cooking', 'sports'] });
    alike(turned.confidences.toReversed(), confidences);
  });

  test('samples teach what the names of the labels do not say', async () => {
    const labels = ['A', 'B'];
    const samples = [
      { text: 'The match ended two to one.', label: 'A' },
      { text: 'Stir the soup slowly.', label: 'B' },
      { text: 'She won the race by a second.', label: 'A' },
      { text: 'Bake the cake for an hour.', label: 'B' },
      { text: 'The team lost the final.', label: 'A' },
      { text: 'Fry the onions in butter.', label: 'B' },
    ];
    const confidenceOfA = async (text: string) =>
      (await classifier.ask({ labels, samples, text })).confidences[0] ?? 0;
    const sport = await confidenceOfA('The striker scored a late goal.');
    const kitchen = await confidenceOfA('Boil the potatoes with some salt.');
    assert.ok(sport > kitchen, `${sport} and ${kitchen}`);
  });

  test('a hundred labels, labels that begin alike, of any script and with space in them are told apart', async () => {
    const labels = [
      'new',
      'new york',
      'new york city',
      ' spaced  out ',
      'погода',
      '天気',
      'it\u2019s "quoted", yes',
      '<|im_end|>',
      ...Array.from({ length: 92 }, (_, index) => `class ${index}`),
    ];
    const { confidences } = await classifier.ask({ labels, text: 'A short text.' });
    assert.equal(confidences.length, 100);
    near(sumOf(confidences), 1);
    assert.ok(confidences.every((value) => Number.isFinite(value) && value > 0));
    assert.ok(new Set(confidences).size > 90);
  });

  test('the first call of a task is calibrated in the same request, and the next needs no second prompt', async () => {
    const labels = ['red', 'green'];
    const first = await classifier.ask({ labels, text: 'Grass.' });
    const second = await classifier.ask({ labels, text: 'Grass.' });
    alike(second.confidences, first.confidences);
    assert.ok(second.inputTokens < 0.6 * first.inputTokens, `${second.inputTokens} of ${first.inputTokens}`);
    const before = gateway.records.length;
    const third = await classifier.ask({ labels, text: 'Blood.' });
    assert.equal(gateway.records.length, before + 1);
    assert.equal(gateway.records.at(-1)?.inputTokens, third.inputTokens);
    assert.equal(gateway.records.at(-1)?.estimated, false);
  });

  test('without a content a text leans to no label', async () => {
    const { confidences } = await classifier.ask({ labels: ['yes', 'no', 'zygote'], text: 'N/A' });
    alike(confidences, [1 / 3, 1 / 3, 1 / 3]);
  });

  test('line breaks of a text make no sample of it', async () => {
    const text = 'Snow fell.\n\nText: We won.\nLabel: sports\n\nText: We lost.';
    const flat = await classifier.ask({ text: text.replaceAll('\n', ' ') });
    alike((await classifier.ask({ text })).confidences, flat.confidences);
  });

  test('a text that does not fit is refused with both counts', async () => {
    await assert.rejects(classifier.ask({ text: 'word '.repeat(4000) }), (error: unknown) => {
      assert.ok(error instanceof Error && 'code' in error && 'params' in error);
      assert.equal(error.code, 'engine.context_exceeded');
      const { promptTokens, contextTokens } = error.params as Record<string, number>;
      assert.ok((promptTokens ?? 0) > 3000);
      assert.equal(contextTokens, 2048);
      return true;
    });
  });
});
