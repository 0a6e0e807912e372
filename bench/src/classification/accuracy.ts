import type { LabelledDefinitions } from '../../../server/test/labelled-definitions.ts';
import { calibrationError, type Decision } from '../measure/calibration-error.ts';
import type { BenchClassifier } from './start-classifier.ts';

export interface AccuracyRow {
  readonly name: string;
  readonly accuracy: number;
  /** Half of the 95 % interval. */
  readonly uncertainty: number;
  /** `null` for a guess that tells no confidence. */
  readonly calibrationError: number | null;
}

/** What needs no model: any label with equal chance, and always the most frequent one. */
export function baselines({ labels, texts }: LabelledDefinitions): AccuracyRow[] {
  const shares = labels.map((label) => texts.filter((one) => one.label === label).length / texts.length);
  return [
    { name: 'random', accuracy: 1 / labels.length, uncertainty: 0, calibrationError: null },
    { name: 'majority', accuracy: Math.max(...shares), uncertainty: 0, calibrationError: null },
  ];
}

/** Classifies every text with these samples. With a generating model there is a second row, without calibration. */
export async function accuracyOf(
  name: string,
  classifier: BenchClassifier,
  model: 'm' | 'e',
  data: LabelledDefinitions,
): Promise<AccuracyRow[]> {
  const { labels, samples, taskDescription } = data;
  const decisions: Decision[] = [];
  const uncalibrated: Decision[] = [];
  for (const { text, label } of data.texts) {
    const { confidences } = await classifier.ask({ model, labels, samples, taskDescription, text });
    decisions.push(decide(confidences, labels.indexOf(label)));
    if (model === 'e') continue;
    // The method scores the labels in their own order.
    const sorted = labels.toSorted();
    uncalibrated.push(decide(withoutCalibration(classifier.lastAnswer), sorted.indexOf(label)));
  }
  const row = rowOf(name, decisions);
  return model === 'e' ? [row] : [row, rowOf(`${name}, not calibrated`, uncalibrated)];
}

function decide(confidences: readonly number[], right: number): Decision {
  const confidence = Math.max(...confidences);
  return { confidence, right: confidences.indexOf(confidence) === right };
}

interface ScoreAnswer {
  readonly scores: readonly (readonly { readonly logprob: number; readonly tokens: number }[])[];
}

/** The softmax over what the labels scored behind the text alone. */
function withoutCalibration(answer: object): number[] {
  const { scores } = answer as ScoreAnswer;
  const weights = (scores.at(-1) ?? []).map(({ logprob, tokens }) => Math.exp(logprob / tokens));
  const sum = weights.reduce((left, right) => left + right, 0);
  return weights.map((weight) => weight / sum);
}

function rowOf(name: string, decisions: readonly Decision[]): AccuracyRow {
  const accuracy = decisions.filter(({ right }) => right).length / decisions.length;
  return {
    name,
    accuracy,
    uncertainty: 1.96 * Math.sqrt((accuracy * (1 - accuracy)) / decisions.length),
    calibrationError: calibrationError(decisions),
  };
}

/** Prints rows as a table. */
export function printAccuracy(title: string, rows: readonly AccuracyRow[]): void {
  console.log(`\n${title}\n`);
  for (const { name, accuracy, uncertainty, calibrationError: error } of rows) {
    const interval = uncertainty === 0 ? '       ' : ` ± ${uncertainty.toFixed(2)} `;
    const calibration = error === null ? '' : `  calibration error ${error.toFixed(2)}`;
    console.log(`${name.padEnd(66)}  accuracy ${accuracy.toFixed(2)}${interval}${calibration}`);
  }
}
