import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { Command, CommanderError } from 'commander';
import { newDataFolder, runSamovar } from '../test/run-samovar.ts';
import { commands } from './commands.ts';

/** Commands without `--json`, and why: every other one prints data. */
const withoutJson: Readonly<Record<string, string>> = {
  up: 'it stays; `status --json` tells what it says when it is ready',
  down: 'it acts, and says so',
  chat: 'a conversation in a terminal; `ask --json` is for scripts',
  'models export': 'it writes files, and prints their folder alone',
  'models archive': 'it acts, and says so',
  'models delete': 'it acts, and says so',
  'engines install': 'it acts, and says so',
  'engines uninstall': 'it acts, and says so',
  'engines restore': 'it acts, and says so',
  test: 'for developers',
  bench: 'for developers',
  docs: 'for developers',
  protocol: 'for developers',
  format: 'for developers',
};

interface Found {
  /** As one types it after `samovar`. */
  readonly words: readonly string[];
  readonly command: Command;
}

/** Every command and subcommand, as main.ts defines them. What they print goes to `print`. */
async function everyCommand(print: (text: string) => void = () => undefined): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const entry of commands) {
    const command = new Command(`samovar ${entry.name}`);
    command.description(entry.summary).exitOverride().configureOutput({ writeOut: print });
    (await entry.load()).define(command);
    visit(command, [entry.name], found);
  }
  return found;
}

function visit(command: Command, words: readonly string[], found: Found[]): void {
  found.push({ words, command });
  for (const one of command.commands) visit(one, [...words, one.name()], found);
}

test('every command and subcommand has help, with a line about itself and each of its options', async () => {
  let printed = '';
  const all = await everyCommand((text) => {
    printed += text;
  });
  assert.ok(all.length > 60, String(all.length));
  for (const { words, command } of all) {
    printed = '';
    await assert.rejects(
      async () => await command.parseAsync(['--help'], { from: 'user' }),
      (error) => error instanceof CommanderError && error.code === 'commander.helpDisplayed',
      words.join(' '),
    );
    assert.match(printed, new RegExp(`^Usage: samovar ${words.join(' ')} `));
    assert.ok(command.description() || command.summary(), `${words.join(' ')} says what it does`);
    for (const option of [...command.options, ...command.registeredArguments])
      assert.ok(option.description, `${words.join(' ')}: ${option.name()} is described`);
  }
});

test('samovar itself prints the help of each command, with status 0', async () => {
  const data = newDataFolder();
  try {
    for (const { name } of commands) {
      const help = await runSamovar(data, [name, '--help']);
      assert.equal(help.status, 0, help.err);
      assert.match(help.out, new RegExp(`^Usage: samovar ${name} `));
    }
  } finally {
    rmSync(dirname(data), { recursive: true, force: true });
  }
});

test('every command that prints data has --json', async () => {
  // What a command with subcommands does of itself is one of them.
  const acting = (await everyCommand()).filter(({ command }) => command.commands.length === 0);
  const without = acting
    .filter(({ command }) => !command.options.some(({ long }) => long === '--json'))
    .map(({ words }) => words.join(' '));
  assert.deepEqual(without, Object.keys(withoutJson));
});
