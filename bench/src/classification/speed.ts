import { type Ratio, ratioOfPairs } from '../measure/pairs.ts';
import type { BenchRow } from '../measure/report.ts';
import type { BenchClassifier } from './start-classifier.ts';

const subjects =
  'animals artifacts bodies food places people plants substances acts attributes thoughts messages events feelings groups possessions processes quantities shapes times'.split(
    ' ',
  );
const words = 'time year people way day man thing woman life child world school state family student'.split(
  ' ',
);
const bar = { atMost: 4 } as const;
let drawn = 0;

/** Some words that were not together before. */
function freshText(count: number): string {
  drawn += 1;
  return Array.from({ length: count }, (_, at) => words[(drawn * 7 + at * (drawn % 11)) % words.length]).join(
    ' ',
  );
}

interface Task {
  readonly taskDescription: string;
  readonly labels: readonly string[];
  readonly samples: readonly { readonly text: string; readonly label: string }[];
}

/** The subjects in pairs: labels of three and more tokens. */
const pairs = subjects.map((subject, at) => `${subject} or ${subjects[(at + 7) % subjects.length]}`);

/** Twenty labels with a sample each; the task is unlike any before. */
function freshTask(labels: readonly string[]): Task {
  return {
    taskDescription: `Tell what this is about: ${freshText(6)}.`,
    labels,
    samples: labels.map((label) => ({ label, text: freshText(12) })),
  };
}

/**
 * Few-shot classification with 20 labels against the same prompt with one generated token, one after the other; in
 * milliseconds, each with a text of its own.
 */
export async function speedOf(classifier: BenchClassifier): Promise<BenchRow[]> {
  const known = freshTask(subjects);
  const longer = freshTask(pairs);
  const row = (name: string, ratio: Ratio): BenchRow => ({ name, ratio, unit: 'ms', bar });
  return [
    row(
      'a further text of a task, labels of a word / one token',
      await ratioOfPairs(
        () => classifyMs(classifier, known),
        () => completeMs(classifier, known),
        9,
      ),
    ),
    row(
      'a further text of a task, labels of three words / one token',
      await ratioOfPairs(
        () => classifyMs(classifier, longer),
        () => completeMs(classifier, longer),
        9,
      ),
    ),
    row(
      'the first text of a task, with its calibration / one token',
      await ratioOfPairs(
        () => classifyMs(classifier, freshTask(pairs)),
        () => completeMs(classifier, freshTask(pairs)),
        5,
      ),
    ),
  ];
}

async function classifyMs(classifier: BenchClassifier, task: Task): Promise<number> {
  const text = freshText(24);
  const beganAt = performance.now();
  await classifier.ask({ ...task, text });
  return performance.now() - beganAt;
}

async function completeMs({ gateway }: BenchClassifier, task: Task): Promise<number> {
  const shots = task.samples.map(({ text, label }) => `Text: ${text}\nLabel: ${label}`);
  const head = `${task.taskDescription}\nThe labels are: ${task.labels.toSorted().join(', ')}.`;
  const prompt = [head, ...shots, `Text: ${freshText(24)}\nLabel:`].join('\n\n');
  const beganAt = performance.now();
  const answer = await gateway.post('/v1/completions', { model: 'm', prompt, max_tokens: 1 });
  if (!answer.ok) throw new Error(`the completion answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
  return performance.now() - beganAt;
}
