import { SamovarError } from '../../kernel/errors.ts';
import type { ClassificationRequest, ClassificationSample } from './classification.ts';
import { oneLine } from './one-line.ts';

const fewestLabels = 2;
const mostLabels = 100;
const longestLabel = 256;
const mostSamples = 1000;

/** What is classified, as the methods take it: every text on one line, without space around it. */
export interface ClassificationTask {
  readonly description: string;
  readonly labels: readonly string[];
  readonly samples: readonly ClassificationSample[];
  readonly text: string;
}

/** Throws `request.invalid` or `request.missing_parameter`, with the field at fault. */
export function checkRequest(
  request: Pick<ClassificationRequest, 'taskDescription' | 'labels' | 'text' | 'samples'>,
): ClassificationTask {
  const labels = checkLabels(request.labels);
  const text = oneLine(request.text);
  if (text === '') throw invalid('text', 'it must not be empty.');
  if (request.samples.length > mostSamples)
    throw invalid(
      'samples',
      `there are ${request.samples.length}, and at most ${mostSamples} are taken at once.`,
    );
  const samples = request.samples.map((sample, index) => checkSample(sample, index, labels));
  return { description: oneLine(request.taskDescription), labels, samples, text };
}

function checkLabels(given: readonly string[]): string[] {
  if (given.length === 0)
    throw new SamovarError('request.missing_parameter', { params: { parameter: 'labels' }, field: 'labels' });
  if (given.length < fewestLabels) throw invalid('labels', `at least ${fewestLabels} are needed.`);
  if (given.length > mostLabels)
    throw invalid('labels', `there are ${given.length}, and at most ${mostLabels} are taken.`);
  const labels = given.map(oneLine);
  const seen = new Set<string>();
  for (const [index, label] of labels.entries()) {
    if (label === '') throw invalid(`labels[${index}]`, 'it must not be empty.');
    if (label.length > longestLabel)
      throw invalid(`labels[${index}]`, `it is longer than ${longestLabel} characters.`);
    if (seen.has(label)) throw invalid(`labels[${index}]`, 'it is there twice.');
    seen.add(label);
  }
  return labels;
}

function checkSample(
  { text, label }: ClassificationSample,
  index: number,
  labels: readonly string[],
): ClassificationSample {
  const sample = { text: oneLine(text), label: oneLine(label) };
  if (sample.text === '') throw invalid(`samples[${index}].text`, 'it must not be empty.');
  if (!labels.includes(sample.label))
    throw invalid(`samples[${index}].label`, 'it must be one of the labels.');
  return sample;
}

function invalid(parameter: string, reason: string): SamovarError {
  return new SamovarError('request.invalid', { params: { parameter, reason }, field: parameter });
}
