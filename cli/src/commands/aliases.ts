import type { Command } from 'commander';
import type { AliasAnswer, MovePageAnswer } from '../aliases/alias-answers.ts';
import {
  actionPath,
  addMoveOptions,
  aliasPath,
  type MoveOptions,
  moveAlias,
  printAlias,
  said,
} from '../aliases/move-alias.ts';
import { type NamedTarget, parseTarget } from '../aliases/parse-target.ts';
import { sharesText } from '../aliases/show-alias.ts';
import { printJson } from '../output/print-json.ts';
import { printLine } from '../output/print-line.ts';
import { printTable } from '../output/print-table.ts';
import { positiveCount } from '../parse-option.ts';
import { addServerOptions, clientFor } from '../server-options.ts';
import { defineCanary } from './aliases/canary.ts';
import { defineList } from './aliases/list.ts';
import { defineSet } from './aliases/set.ts';

/** `samovar aliases list|set|show|history|promote|canary|rollback|remove`. */
export function define(command: Command): void {
  defineList(command.command('list', { isDefault: true }).description('list aliases and where they go'));
  defineSet(command.command('set').description('make an alias, or move it; what is left out stays as it is'));
  defineShow(command.command('show').description('show one with its targets, fallbacks and canary'));
  defineHistory(command.command('history').description('list every move of one: who, when, why'));
  definePromote(command.command('promote').description('let the candidate answer alone'));
  defineCanary(command.command('canary').description('give a candidate a growing share of the requests'));
  defineRollback(
    command.command('rollback').description('take the last move back, all steps of a canary as one'),
  );
  defineRemove(command.command('remove').description('take one away; a rollback brings it back'));
}

function defineShow(command: Command): void {
  addServerOptions(command)
    .argument('<alias>', 'its name')
    .option('--json', 'print JSON')
    .action(async (name: string, options: MoveOptions) => {
      printAlias((await clientFor(options).get(aliasPath(name))) as AliasAnswer, options);
    });
}

function defineHistory(command: Command): void {
  addServerOptions(command)
    .argument('<alias>', 'its name, also of one that is gone')
    .option('--limit <count>', 'so many at most, up to 1000', positiveCount, 50)
    .option('--json', 'print JSON')
    .action(async (name: string, options: MoveOptions & { readonly limit: number }) => {
      const path = `${actionPath(name, 'history')}?limit=${options.limit}`;
      const { items } = (await clientFor(options).get(path)) as MovePageAnswer;
      if (options.json) printJson(items);
      else
        printTable(
          ['when', 'move', 'went to', 'goes to', 'by', 'why'],
          items.map((move) => [
            move.at.slice(0, 19),
            move.action,
            move.before === null ? '' : sharesText(move.before.targets),
            move.after === null ? '' : sharesText(move.after.targets),
            move.by,
            move.reason ?? '',
          ]),
        );
    });
}

function definePromote(command: Command): void {
  addMoveOptions(command)
    .argument('<alias>', 'its name')
    .argument('[model]', 'the candidate, where the alias does not have just one', parseTarget)
    .option('--force', 'also to a model of another kind')
    .action(async (name: string, candidate: NamedTarget | undefined, options: MoveOptions) => {
      const body = { ...candidate, ...said(options), ...(options.force && { force: true }) };
      await moveAlias(name, 'promote', body, options);
    });
}

function defineRollback(command: Command): void {
  addMoveOptions(command)
    .argument('<alias>', 'its name, also of one that was removed')
    .action(async (name: string, options: MoveOptions) => {
      await moveAlias(name, 'rollback', said(options), options);
    });
}

function defineRemove(command: Command): void {
  addServerOptions(command)
    .argument('<alias>', 'its name')
    .option('--json', 'print JSON')
    .action(async (name: string, options: MoveOptions) => {
      const alias = (await clientFor(options).send('DELETE', aliasPath(name))) as AliasAnswer;
      if (options.json) printJson(alias);
      else printLine(`${alias.name} is gone; \`samovar aliases rollback ${alias.name}\` brings it back.`);
    });
}
