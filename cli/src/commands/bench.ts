import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { CommandError, exitStatus } from '../command-error.ts';
import { runScript } from '../develop/run-script.ts';
import { printLine } from '../output/print-line.ts';

/** `samovar bench`: without a name, lists the benchmarks. */
export function define(command: Command): void {
  command
    .argument('[name]', 'which benchmark; all of them are listed without one')
    .action(async (name?: string) => {
      const names = benchmarkNames();
      if (name === undefined) {
        for (const each of names) printLine(each);
      } else if (names.includes(name)) {
        await runScript(`bench/src/${name}.ts`, []);
      } else {
        throw new CommandError(
          `There is no benchmark \`${name}\`.`,
          `There are: ${names.join(', ')}.`,
          exitStatus.usage,
        );
      }
    });
}

/** Every file directly in `bench/src` is a benchmark. */
function benchmarkNames(): string[] {
  const folder = fileURLToPath(new URL('../../../bench/src', import.meta.url));
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -3))
    .sort();
}
