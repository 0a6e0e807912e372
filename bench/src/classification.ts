import { labelledDefinitions } from '../../server/test/labelled-definitions.ts';
import type { TestModelName } from '../../server/test/models.ts';
import { type AccuracyRow, accuracyOf, baselines, printAccuracy } from './classification/accuracy.ts';
import { speedOf } from './classification/speed.ts';
import { startChatClassifier, startEmbeddingClassifier } from './classification/start-classifier.ts';
import { machineLine } from './measure/machine.ts';
import { printRows } from './measure/report.ts';

/**
 * Classification of 200 dictionary definitions into eight kinds of things: accuracy and calibration by each method,
 * with two samples of each label and with none, beside what needs no model. Then its speed.
 */
const textCount = 200;
const data = await labelledDefinitions(textCount);
const few = data;
const none = { ...data, samples: [] };

const rows: AccuracyRow[] = baselines(data);
const embedding = await startEmbeddingClassifier();
rows.push(...(await accuracyOf('all-minilm-l6-v2, similarity, zero-shot', embedding, 'e', none)));
rows.push(...(await accuracyOf('all-minilm-l6-v2, similarity, few-shot', embedding, 'e', few)));
await embedding.stop();

const chatModels: readonly TestModelName[] = ['smollm2-135m-instruct', 'qwen2.5-coder-0.5b-instruct'];
for (const name of chatModels) {
  const classifier = await startChatClassifier(name);
  rows.push(...(await accuracyOf(`${name}, likelihood, zero-shot`, classifier, 'm', none)));
  rows.push(...(await accuracyOf(`${name}, likelihood, few-shot`, classifier, 'm', few)));
  await classifier.stop();
}
printAccuracy(`Classification of ${textCount} definitions into 8 kinds\n${machineLine()}`, rows);

const classifier = await startChatClassifier('smollm2-135m-instruct');
printRows('Few-shot classification with 20 labels', await speedOf(classifier));
await classifier.stop();
