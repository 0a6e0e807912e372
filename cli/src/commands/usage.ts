import { type Command, Option } from 'commander';
import type { UsageAnswer, UsageTotalsAnswer } from '../console-answers.ts';
import { printJson } from '../output/print-json.ts';
import { printLine } from '../output/print-line.ts';
import { printTable } from '../output/print-table.ts';
import { addServerOptions, clientFor, type Options } from '../server-options.ts';

interface UsageOptions extends Options {
  readonly from?: string;
  readonly to?: string;
  readonly by: string;
  readonly json?: boolean;
}

/** `samovar usage`: what the project of the key used. */
export function define(command: Command): void {
  addServerOptions(command)
    .option('--from <time>', 'a date or a time with its zone (default: 30 days ago)')
    .option('--to <time>', 'a date or a time with its zone, not included (default: now)')
    .addOption(
      new Option('--by <grouping>', 'one line for each')
        .choices(['day', 'model', 'key', 'endpoint'])
        .default('day'),
    )
    .option('--json', 'print JSON')
    .action(async (options: UsageOptions) => {
      const query = new URLSearchParams({ groupBy: options.by });
      if (options.from !== undefined) query.set('from', options.from);
      if (options.to !== undefined) query.set('to', options.to);
      const usage = (await clientFor(options).get(`/api/usage?${query}`)) as UsageAnswer;
      if (options.json) printJson(usage);
      else show(usage);
    });
}

function show(usage: UsageAnswer): void {
  if (usage.groups.length === 0) {
    printLine(`Nothing was used from ${usage.from} to ${usage.to}.`);
    return;
  }
  printTable(
    [usage.groupBy, 'requests', 'failed', 'tokens in', 'cached', 'tokens out', 'reasoning'],
    [...usage.groups.map((group) => [group.group, ...numbers(group)]), ['total', ...numbers(usage.totals)]],
  );
}

function numbers(totals: UsageTotalsAnswer): string[] {
  return [
    totals.requests,
    totals.failedRequests,
    totals.inputTokens,
    totals.cachedInputTokens,
    totals.outputTokens,
    totals.reasoningTokens,
  ].map(String);
}
