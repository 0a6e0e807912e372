import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { CommandError, exitStatus } from '../command-error.ts';
import { readPiped } from '../conversation/read-piped.ts';
import { printJson } from '../output/print-json.ts';
import { printTable } from '../output/print-table.ts';
import { collected } from '../parse-option.ts';
import { addServerOptions, clientFor, type Options } from '../server-options.ts';

interface ClassifyOptions extends Options {
  readonly model: string;
  readonly labels?: readonly string[];
  readonly task?: string;
  readonly samples?: string;
  readonly json?: boolean;
}

interface Sample {
  readonly text: string;
  readonly label: string;
}

interface ClassificationAnswer {
  readonly predictions: readonly { readonly label: string; readonly confidence: number }[];
}

/** `samovar classify "…" --labels a,b`: how well each label fits a text, the best one first. */
export function define(command: Command): void {
  addServerOptions(command)
    .argument('[text...]', 'the text; the standard input without one')
    .option('-l, --labels <list>', 'what to choose from, separated by commas; may be repeated', collected)
    .option('-t, --task <text>', 'what is to be told apart, in a sentence')
    .option('--samples <file>', 'texts with known labels, a line of JSON each: {"text": …, "label": …}')
    .option('-m, --model <model>', 'a chat or an embedding model, or an alias', 'chat-default')
    .option('--json', 'print JSON')
    .action(async (words: readonly string[], options: ClassifyOptions) => {
      const samples = options.samples === undefined ? [] : readSamples(options.samples);
      const answer = (await clientFor(options).send(
        'POST',
        '/foundationModels/v1/fewShotTextClassification',
        {
          modelUri: `cls://0/${options.model}/latest`,
          taskDescription: options.task ?? '',
          labels: enoughLabels(options.labels ?? [...new Set(samples.map(({ label }) => label))]),
          text: await textOf(words),
          samples,
        },
      )) as ClassificationAnswer;
      const best = answer.predictions.toSorted((left, right) => right.confidence - left.confidence);
      if (options.json) printJson({ ...answer, predictions: best });
      else
        printTable(
          ['label', 'confidence'],
          best.map(({ label, confidence }) => [label, confidence.toFixed(3)]),
        );
    });
}

/** Fewer than two leave nothing to choose. */
function enoughLabels(labels: readonly string[]): readonly string[] {
  if (labels.length > 1) return labels;
  throw new CommandError(
    labels.length === 0
      ? 'There are no labels to choose from.'
      : `There is only one label, \`${labels[0]}\`.`,
    'Name at least two, `--labels praise,blame`, or give samples that have them.',
    exitStatus.usage,
  );
}

async function textOf(words: readonly string[]): Promise<string> {
  const written = words.join(' ').trim();
  const text = written === '' && !process.stdin.isTTY ? ((await readPiped(null)) ?? '').trim() : written;
  if (text !== '') return text;
  throw new CommandError(
    'There is nothing to classify.',
    'Write it behind the command, `samovar classify "The tea is cold." --labels praise,blame`, or pipe it in.',
    exitStatus.usage,
  );
}

function readSamples(file: string): Sample[] {
  const lines = readLines(file);
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const sample = parseSample(line);
    if (sample !== null) return [sample];
    throw new CommandError(
      `Line ${index + 1} of ${file} is no sample.`,
      'Write a line of JSON for each: {"text": "What a cosy room!", "label": "praise"}.',
      exitStatus.usage,
    );
  });
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      `The samples cannot be read: ${reason}.`,
      'Name a file of JSON lines.',
      exitStatus.usage,
    );
  }
}

function parseSample(line: string): Sample | null {
  try {
    const { text, label } = JSON.parse(line) as Partial<Record<string, unknown>>;
    return typeof text === 'string' && typeof label === 'string' ? { text, label } : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}
