import { type Command, InvalidArgumentError } from 'commander';
import { awaitCheck } from '../../models/await-check.ts';
import type { CheckAnswer } from '../../models/check-answers.ts';
import { modelPath } from '../../models/model-state.ts';
import { setupLine, speedTable } from '../../models/show-check.ts';
import { printJson } from '../../output/print-json.ts';
import { printLine } from '../../output/print-line.ts';
import { printTable } from '../../output/print-table.ts';
import { positiveCount } from '../../parse-option.ts';
import { addServerOptions, clientFor, type Options } from '../../server-options.ts';

interface BenchOptions extends Options {
  readonly parallel?: readonly number[];
  readonly promptTokens?: number;
  readonly outputTokens?: number;
  readonly wait: boolean;
  readonly json?: boolean;
}

/** `samovar models bench`. */
export function defineBench(command: Command): void {
  addServerOptions(command)
    .argument('<model>', 'its name or an alias')
    .option('--parallel <list>', 'requests at a time, one level after the other (default: 1,2,4,8)', levels)
    .option('--prompt-tokens <count>', 'of each prompt, about (default: 128)', positiveCount)
    .option('--output-tokens <count>', 'of each answer at most (default: 64)', positiveCount)
    .option('--no-wait', 'return at once; `samovar models show` tells the outcome')
    .option('--json', 'print JSON')
    .action(async (name: string, _given: BenchOptions, command: Command) => {
      const options = command.optsWithGlobals<BenchOptions>();
      const { parallel, promptTokens, outputTokens } = options;
      const client = clientFor(options);
      const path = `${modelPath(name)}/measurements`;
      const asked = (await client.send('POST', path, {
        ...(parallel && { parallel }),
        ...(promptTokens !== undefined && { promptTokens }),
        ...(outputTokens !== undefined && { outputTokens }),
      })) as CheckAnswer;
      const measured = options.wait ? await awaitCheck(client, path, asked) : asked;
      if (options.json) printJson(measured);
      else if (measured.levels === null) printLine(`${measured.model} is being measured.`);
      else show(measured, measured.levels);
    });
}

function show(measured: CheckAnswer, levels: NonNullable<CheckAnswer['levels']>): void {
  const setup = setupLine(measured);
  if (setup !== '') printLine(setup);
  const { heads, rows } = speedTable(levels);
  printTable(heads, rows);
}

function levels(text: string): number[] {
  const parallel = text.split(',').map((part) => (/^\s*[1-9]\d?\s*$/.test(part) ? Number(part) : Number.NaN));
  if (parallel.some(Number.isNaN))
    throw new InvalidArgumentError('It must be numbers from 1 to 64, like 1,2,4.');
  return parallel;
}
