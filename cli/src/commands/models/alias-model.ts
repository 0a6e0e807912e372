import type { Command } from 'commander';
import type { AliasAnswer } from '../../aliases/alias-answers.ts';
import { aliasPath } from '../../aliases/move-alias.ts';
import { CommandError } from '../../command-error.ts';
import { printJson } from '../../output/print-json.ts';
import { printLine } from '../../output/print-line.ts';
import { addServerOptions, clientFor, type Options } from '../../server-options.ts';

interface AliasOptions extends Options {
  readonly json?: boolean;
  readonly remove?: boolean;
}

/** `samovar models alias`. */
export function defineAlias(command: Command): void {
  addServerOptions(command)
    .argument(
      '<alias>',
      'the name; `name/rc` and `name@suffix` are what model URIs call branches and tuned versions',
    )
    .argument('[model]', 'the model, by its name or an alias')
    .option('--remove', 'take the name away')
    .option('--json', 'print JSON')
    .action(async (alias: string, name: string | undefined, given: AliasOptions, command: Command) => {
      const options = command.optsWithGlobals<AliasOptions>();
      if ((name === undefined) !== (given.remove === true))
        throw new CommandError(
          'Name a model, or say `--remove`.',
          '`samovar models alias --help` shows how.',
        );
      const path = aliasPath(alias);
      const client = clientFor(options);
      const answer =
        name === undefined
          ? await client.send('DELETE', path)
          : await client.send('PUT', path, { model: name });
      const set = answer as AliasAnswer;
      if (options.json) printJson(set);
      else
        printLine(
          `${set.targets[0]?.model ?? ''} is ${name === undefined ? 'no longer called' : 'now also called'} ${alias}.`,
        );
    });
}
