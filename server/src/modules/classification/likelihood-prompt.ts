import type { ClassificationTask } from './check-request.ts';

/**
 * What stands for a text in the prompt by which a model's leaning to some labels is measured. Several such texts
 * averaged, as Zhao et al. do, classified worse with the models measured (docs/guides/classification.md).
 */
export const contentFreeText = 'N/A';

/**
 * The prompt after which each label is scored: description, labels, samples, then the text. Texts are on one line
 * each (`oneLine`), so that none can pretend to be a further sample.
 */
export function likelihoodPrompt(task: Omit<ClassificationTask, 'text'>, text: string): string {
  const { description, labels, samples } = task;
  const head = [...(description === '' ? [] : [description]), `The labels are: ${labels.join(', ')}.`].join(
    '\n',
  );
  const shots = samples.map((sample) => `Text: ${sample.text}\nLabel: ${sample.label}`);
  return [head, ...shots, `Text: ${text}\nLabel:`].join('\n\n');
}

/** A label as it follows the prompt. */
export function labelContinuation(label: string): string {
  return ` ${label}`;
}
