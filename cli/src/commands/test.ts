import type { Command } from 'commander';
import { runScript } from '../develop/run-script.ts';

/** `samovar test`. */
export function define(command: Command): void {
  command
    .argument(
      '[groups...]',
      'checks, server, conformance, clients, chaos, cli, docs, deep, or paths of test files',
    )
    .option('--match <text>', 'only tests whose name matches')
    .option('--concurrency <count>', 'test files at a time', '2')
    .action(async (groups: string[], options: { match?: string; concurrency: string }) => {
      const match = options.match === undefined ? [] : ['--match', options.match];
      await runScript('tools/testing/run-tests.ts', [
        '--concurrency',
        options.concurrency,
        ...match,
        ...groups,
      ]);
    });
}
