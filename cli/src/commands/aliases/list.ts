import { type Command, Option } from 'commander';
import type { AliasAnswer, AliasPageAnswer } from '../../aliases/alias-answers.ts';
import type { MoveOptions } from '../../aliases/move-alias.ts';
import { sharesText } from '../../aliases/show-alias.ts';
import { printJson } from '../../output/print-json.ts';
import { printTable } from '../../output/print-table.ts';
import { printThatMoreFollow } from '../../output/print-that-more-follow.ts';
import { positiveCount } from '../../parse-option.ts';
import { addServerOptions, clientFor } from '../../server-options.ts';

interface ListOptions extends MoveOptions {
  readonly model?: string;
  readonly scope?: string;
  readonly canary?: boolean;
  readonly deprecated?: boolean;
  readonly limit: number;
}

/** `samovar aliases list`. */
export function defineList(command: Command): void {
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
  printThatMoreFollow(nextCursor);
}

function notesOf({ canary, deprecation }: AliasAnswer): string {
  const notes: string[] = [];
  if (canary?.state === 'running') notes.push(`canary at ${canary.steps[canary.step]?.percent ?? 100} %`);
  if (deprecation !== null) notes.push('deprecated');
  return notes.join(', ');
}
