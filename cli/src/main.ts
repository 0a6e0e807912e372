import { Command, CommanderError } from 'commander';
import { CommandError, exitStatus } from './command-error.ts';
import { type CommandEntry, commands } from './commands.ts';
import { overview } from './overview.ts';
import { ownVersion } from './own-version.ts';

// A reader that has seen enough (`| head`) ends the command, quietly, as it does other tools.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitStatus.ok);
  process.stderr.write(
    `The output could not be written: ${error.message}.\nMake room there, or send it elsewhere.\n`,
  );
  process.exit(exitStatus.failed);
});
// Nobody reads the news (the terminal was closed), or they have no room: the work itself goes on.
process.stderr.on('error', () => {});
process.exitCode = await run(process.argv.slice(2));

/** Runs one command and returns its exit status. */
async function run(words: readonly string[]): Promise<number> {
  const [first = 'help', ...others] = words;
  if (first === '--version' || first === '-V') return print(ownVersion());
  if (first === '--help' || first === '-h') return print(overview());
  if (first === 'help')
    return others[0] === undefined || ['help', '--help', '-h'].includes(others[0])
      ? print(overview())
      : await runCommand(others[0], [...others.slice(1), '--help']);
  return await runCommand(first, others);
}

async function runCommand(name: string, words: readonly string[]): Promise<number> {
  const entry = commands.find((command) => command.name === name);
  if (!entry) {
    process.stderr.write(`There is no command \`${name}\`.\nSee \`samovar help\`.\n`);
    return exitStatus.usage;
  }
  try {
    const command = await build(entry);
    await command.parseAsync(words, { from: 'user' });
    return Number(process.exitCode ?? exitStatus.ok);
  } catch (error) {
    return explain(error);
  }
}

async function build(entry: CommandEntry): Promise<Command> {
  const command = new Command(`samovar ${entry.name}`);
  command.description(entry.summary).exitOverride().showHelpAfterError(`See \`samovar help ${entry.name}\`.`);
  (await entry.load()).define(command);
  return command;
}

function explain(error: unknown): number {
  // Commander has printed its own text; showing the help is no failure.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.ok : exitStatus.usage;
  if (error instanceof CommandError) {
    process.stderr.write(`${error.message}\n${error.remedy}\n`);
    return error.status;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return exitStatus.failed;
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return exitStatus.ok;
}
