import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder } from '@samovar/contract/data-folder';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandError } from '../command-error.ts';
import { followFile, lastLines } from '../read-log.ts';
import { addSettingOptions, settingFlags } from '../setting-options.ts';
import { readSettings } from '../settings.ts';

interface LogsOptions {
  readonly follow?: boolean;
  readonly lines: number;
}

/** `samovar logs [process]`. */
export function define(command: Command): void {
  addSettingOptions(command, ['data'])
    .argument('[process]', 'supervisor, postgres, prepare, api, engine or worker; all of them when left out')
    .option('-f, --follow', 'go on as lines are written')
    .option('-n, --lines <count>', 'how many of the last lines', wholeCount, 100)
    .action(async (name: string | undefined, options: LogsOptions & Record<string, unknown>) => {
      const { logs } = dataFolder(readSettings(settingFlags(options)).values.data);
      const names = chosen(logs, name);
      for (const each of names) await show(join(logs, `${each}.log`), each, options, names.length > 1);
      if (options.follow)
        await Promise.all(
          names.map((each) =>
            followFile(join(logs, `${each}.log`), (line) => write(line, each, names.length > 1)),
          ),
        );
    });
}

function chosen(folder: string, name: string | undefined): string[] {
  const present = existsSync(folder)
    ? readdirSync(folder).flatMap((file) => (file.endsWith('.log') ? [file.slice(0, -4)] : []))
    : [];
  if (present.length === 0)
    throw new CommandError(`There are no logs in ${folder}.`, 'Start Samovar with `samovar up`.');
  if (name === undefined) return present.sort();
  if (present.includes(name)) return [name];
  throw new CommandError(`There is no log of ${name}.`, `There are logs of ${present.sort().join(', ')}.`);
}

async function show(path: string, name: string, options: LogsOptions, several: boolean): Promise<void> {
  for (const line of await lastLines(path, options.lines)) write(line, name, several);
}

function write(line: string, name: string, several: boolean): void {
  process.stdout.write(several ? `${name.padEnd(10)} ${line}\n` : `${line}\n`);
}

function wholeCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
