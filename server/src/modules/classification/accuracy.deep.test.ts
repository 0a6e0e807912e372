import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { classifierOver, type TestClassifier } from '../../../test/classification.ts';
import { startEmbeddingWorker } from '../../../test/embedding-worker.ts';
import { embeddingVersionId, startTestGateway, type TestGateway, versionId } from '../../../test/gateway.ts';
import { type LabelledDefinitions, labelledDefinitions } from '../../../test/labelled-definitions.ts';
import { startTestWorker } from '../../../test/llama-worker.ts';
import type { Running } from '../../kernel/ports/running.ts';

/** Definitions that no parameter was chosen by. The standard error of an accuracy is 0.04 at most. */
const textCount = 150;

const socket = join(tmpdir(), `samovar-accuracy-${randomBytes(6).toString('hex')}.sock`);
let chatWorker: Awaited<ReturnType<typeof startTestWorker>>;
let embeddingWorker: Running;
let gateway: TestGateway;
let classifier: TestClassifier;
let data: LabelledDefinitions;
let majority: number;

before(async () => {
  data = await labelledDefinitions(textCount);
  majority = Math.max(
    ...data.labels.map((label) => data.texts.filter((one) => one.label === label).length / textCount),
  );
  chatWorker = await startTestWorker({ contextTokens: 2048 });
  embeddingWorker = await startEmbeddingWorker(socket);
  await chatWorker.ready();
  const common = { lane: 'pass-through', slots: 2 } as const;
  gateway = await startTestGateway({
    replicas: [
      { ...common, workerId: 'chat', versionId, address: `unix:${chatWorker.listen}` },
      { ...common, workerId: 'embedding', versionId: embeddingVersionId, address: `unix:${socket}` },
    ],
  });
  classifier = classifierOver(gateway);
});

after(async () => {
  await gateway.stop();
  await chatWorker.stop();
  await embeddingWorker.stop(0);
});

async function accuracyOf(model: 'm' | 'e', samples: LabelledDefinitions['samples']): Promise<number> {
  const { labels, taskDescription, texts } = data;
  let right = 0;
  for (const { text, label } of texts) {
    const { confidences } = await classifier.ask({ model, labels, samples, taskDescription, text });
    if (labels[confidences.indexOf(Math.max(...confidences))] === label) right += 1;
  }
  return right / texts.length;
}

describe('on a public data set of eight labels', () => {
  test('a generating model is right more often than the most frequent label, even without samples', async () => {
    const none = await accuracyOf('m', []);
    assert.ok(none > majority + 0.12, `${none} without samples, majority ${majority}`);
    const few = await accuracyOf('m', data.samples);
    assert.ok(few > majority + 0.24, `${few} with samples, majority ${majority}`);
    assert.ok(few > 4 / data.labels.length, `${few} with samples`);
  });

  test('an embedding model is right more often than the most frequent label, even without samples', async () => {
    const none = await accuracyOf('e', []);
    assert.ok(none > majority + 0.2, `${none} without samples, majority ${majority}`);
    const few = await accuracyOf('e', data.samples);
    assert.ok(few > majority + 0.24, `${few} with samples, majority ${majority}`);
  });
});
