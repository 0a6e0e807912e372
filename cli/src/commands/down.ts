import { signalProcess, waitForEnd } from '@samovar/contract/process-identity';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandError } from '../command-error.ts';
import { printLine, printNews } from '../output/print-line.ts';
import { runningSupervisor } from '../running-server.ts';
import { addSettingOptions, settingFlags } from '../setting-options.ts';
import { readSettings } from '../settings.ts';

interface DownOptions {
  readonly timeout?: number;
}

/** What the supervisor needs besides the drain: ending workers and PostgreSQL. */
const closingSeconds = 60;

/** `samovar down`. */
export function define(command: Command): void {
  addSettingOptions(command, ['data'])
    .option(
      '--timeout <seconds>',
      'end it by force when it has not stopped by then; the drain time and a minute when unset',
      wholeSeconds,
    )
    .action(async (options: DownOptions & Record<string, unknown>) => {
      const { values } = readSettings(settingFlags(options));
      const running = runningSupervisor(values.data);
      if (!running) {
        printLine(`Samovar does not run on ${values.data}.`);
        return;
      }
      printNews('Stopping; running answers may end first.');
      signalProcess(running, 'SIGTERM');
      const timeoutSeconds = options.timeout ?? values.drainSeconds + closingSeconds;
      if (!(await waitForEnd(running, timeoutSeconds * 1000))) {
        // A second signal ends it at once, with all its children.
        signalProcess(running, 'SIGTERM');
        if (!(await waitForEnd(running, 5_000)))
          throw new CommandError(
            `Process ${running.pid} did not end.`,
            `End it with \`kill -9 ${running.pid}\`; the next \`samovar up\` clears what is left.`,
          );
        throw new CommandError(
          `Samovar did not stop within ${timeoutSeconds} seconds and was ended by force.`,
          'The next `samovar up` recovers by itself; `samovar logs supervisor` tells what took so long.',
        );
      }
      printLine('Stopped.');
    });
}

function wholeSeconds(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number of seconds.');
  return Number(text);
}
