import type { Command } from 'commander';
import { awaitCheck } from '../../models/await-check.ts';
import type { CheckAnswer } from '../../models/check-answers.ts';
import { modelPath } from '../../models/model-state.ts';
import { findingRows } from '../../models/show-check.ts';
import { printJson } from '../../output/print-json.ts';
import { printLine } from '../../output/print-line.ts';
import { printTable } from '../../output/print-table.ts';
import { addServerOptions, clientFor, type Options } from '../../server-options.ts';

interface CheckOptions extends Options {
  readonly wait: boolean;
  readonly json?: boolean;
}

/** `samovar models check`: status 1 when a promise is broken. */
export function defineCheck(command: Command): void {
  addServerOptions(command)
    .argument('<model>', 'its name or an alias')
    .option('--no-wait', 'return at once; `samovar models show` tells the outcome')
    .option('--json', 'print JSON')
    .action(async (name: string, _given: CheckOptions, command: Command) => {
      const options = command.optsWithGlobals<CheckOptions>();
      const client = clientFor(options);
      const path = `${modelPath(name)}/checks`;
      const asked = (await client.send('POST', path)) as CheckAnswer;
      const check = options.wait ? await awaitCheck(client, path, asked) : asked;
      if (options.json) printJson(check);
      else if (check.findings === null) printLine(`${check.model} is being checked.`);
      else printTable(['feature', 'outcome', 'found'], findingRows(check.findings));
      if (check.passed === false) process.exitCode = 1;
    });
}
