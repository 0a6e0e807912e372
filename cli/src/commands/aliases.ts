import { type Command, Option } from 'commander';
import type { AliasAnswer, AliasPageAnswer, MovePageAnswer } from '../aliases/alias-answers.ts';
import {
  actionPath,
  addMoveOptions,
  aliasPath,
  type MoveOptions,
  moveAlias,
  printAlias,
  said,
} from '../aliases/move-alias.ts';
import {
  type NamedFallback,
  type NamedTarget,
  parseFallback,
  parseTarget,
  parseWeightedTarget,
  type WeightedTarget,
} from '../aliases/parse-target.ts';
import { sharesText, showAlias } from '../aliases/show-alias.ts';
import { printJson } from '../output/print-json.ts';
import { printLine } from '../output/print-line.ts';
import { printTable } from '../output/print-table.ts';
import { positiveCount } from '../parse-option.ts';
import { addServerOptions, clientFor } from '../server-options.ts';
import { defineCanary } from './aliases/canary.ts';

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

interface ListOptions extends MoveOptions {
  readonly model?: string;
  readonly scope?: string;
  readonly canary?: boolean;
  readonly deprecated?: boolean;
  readonly limit: number;
}

function defineList(command: Command): void {
  addServerOptions(command)
    .option('--model <model>', 'only those that point at this model')
    .addOption(new Option('--scope <scope>', 'only these').choices(['project', 'organization']))
    .option('--canary', 'only those with a canary that runs')
    .option('--deprecated', 'only those that are on their way out')
    .option('--limit <count>', 'so many at most, up to 1000', positiveCount, 100)
    .option('--json', 'print JSON')
    .action(async (options: ListOptions) => {
      const query = new URLSearchParams({ limit: String(options.limit) });
      if (options.model !== undefined) query.set('model', options.model);
      if (options.scope !== undefined) query.set('scope', options.scope);
      if (options.canary) query.set('canary', 'true');
      if (options.deprecated) query.set('deprecated', 'true');
      const page = (await clientFor(options).get(`/api/aliases?${query}`)) as AliasPageAnswer;
      if (options.json) printJson(page.items);
      else showAll(page);
    });
}

function showAll({ items, nextCursor }: AliasPageAnswer): void {
  printTable(
    ['alias', 'goes to', 'fallbacks', 'scope', 'notes'],
    items.map((one) => [
      one.name,
      sharesText(one.targets),
      one.fallbacks.map(({ model }) => model).join(', '),
      one.own ? one.scope : `${one.scope}, of another project`,
      notesOf(one),
    ]),
  );
  if (nextCursor !== null) printLine('There are more: `--limit` shows up to 1000, and the filters fewer.');
}

function notesOf({ canary, deprecation }: AliasAnswer): string {
  const notes: string[] = [];
  if (canary?.state === 'running') notes.push(`canary at ${canary.steps[canary.step]?.percent ?? 100} %`);
  if (deprecation !== null) notes.push('deprecated');
  return notes.join(', ');
}

interface SetOptions extends MoveOptions {
  readonly fallback?: readonly NamedFallback[] | false;
  readonly organization?: boolean;
  readonly project?: boolean;
  readonly description?: string;
  readonly deprecated?: string | false;
  readonly sunset?: string;
  readonly successor?: string;
}

function defineSet(command: Command): void {
  addMoveOptions(command)
    .argument(
      '<alias>',
      'the name; `name/rc` and `name@suffix` are branches and tuned versions of model URIs',
    )
    .argument(
      '[targets...]',
      'models, with their shares where there are several: `a=90 b=10`; `a@ver_…` pins a version, `a@current` the one of now',
      parseWeightedTarget,
    )
    .option(
      '--fallback <model[=kinds]>',
      'tried when a target does not answer, in order; kinds: unavailable, overloaded, failed, timeout, context-too-long, unsupported',
      parseFallback,
    )
    .option('--no-fallback', 'take the fallbacks away')
    .option('--organization', 'for every project of the organization')
    .option('--project', 'for this project alone')
    .option('--description <text>', 'what it is for')
    .option('--deprecated <date>', 'from when it is on its way out')
    .option('--no-deprecated', 'it stays after all')
    .option('--sunset <date>', 'when it is to be gone')
    .option('--successor <name>', 'what to use instead')
    .option('--force', 'also to a model of another kind')
    .action(async (name: string, targets: readonly WeightedTarget[], options: SetOptions) => {
      const { description, reason, force } = options;
      const body = {
        ...(targets.length > 0 && { targets }),
        ...(options.fallback === false && { fallbacks: [] }),
        ...(Array.isArray(options.fallback) && { fallbacks: options.fallback }),
        ...(options.organization && { scope: 'organization' }),
        ...(options.project && { scope: 'project' }),
        ...(description !== undefined && { description }),
        ...deprecationOf(options),
        ...(reason !== undefined && { reason }),
        ...(force && { force }),
      };
      const alias = (await clientFor(options).send('PUT', aliasPath(name), body)) as AliasAnswer;
      if (options.json) printJson(alias);
      else showAlias(alias);
    });
}

/** `--no-deprecated` takes it back; any of the three options says that it is on its way out. */
function deprecationOf({ deprecated, sunset, successor }: SetOptions): object {
  if (deprecated === false) return { deprecation: null };
  if (typeof deprecated !== 'string' && sunset === undefined && successor === undefined) return {};
  return {
    deprecation: {
      ...(typeof deprecated === 'string' && { deprecatedAt: deprecated }),
      ...(sunset !== undefined && { sunsetAt: sunset }),
      ...(successor !== undefined && { successor }),
    },
  };
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
