import { existsSync, readdirSync, statSync } from 'node:fs';
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
  readonly json?: boolean;
}

/** `samovar logs [process]`. */
export function define(command: Command): void {
  addSettingOptions(command, ['data'])
    .argument('[process]', 'supervisor, postgres, prepare, api, engine or worker; all of them when left out')
    .option('-f, --follow', 'go on as lines are written')
    .option('-n, --lines <count>', 'how many of the last lines', wholeCount, 100)
    .option('--json', 'print a JSON object for each line, with the process that wrote it')
    .action(async (name: string | undefined, options: LogsOptions & Record<string, unknown>) => {
      const { logs } = dataFolder(readSettings(settingFlags(options)).values.data);
      // Where each log ends now: what is shown goes up to there, what is followed begins there.
      const shown = chosen(logs, name).map((each) => {
        const path = join(logs, `${each}.log`);
        return { name: each, path, end: statSync(path).size };
      });
      const print = (line: string, from: string) =>
        options.json ? writeJson(line, from) : write(line, from, shown.length > 1);
      for (const { name, path, end } of shown)
        for (const line of await lastLines(path, options.lines, end)) print(line, name);
      if (options.follow)
        await Promise.all(
          shown.map(({ name, path, end }) => followFile(path, end, (line) => print(line, name))),
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

function write(line: string, name: string, several: boolean): void {
  process.stdout.write(several ? `${name.padEnd(10)} ${line}\n` : `${line}\n`);
}

/** Our own processes write objects; lines of PostgreSQL, and of what ended before it could log, are text. */
function writeJson(line: string, writer: string): void {
  process.stdout.write(`${JSON.stringify({ process: writer, ...(objectOf(line) ?? { message: line }) })}\n`);
}

function objectOf(line: string): object | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function wholeCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
