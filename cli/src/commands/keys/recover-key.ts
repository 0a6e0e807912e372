import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dataFolder } from '@samovar/contract/data-folder';
import { asProcessMessage } from '@samovar/contract/process-messages';
import type { Command } from 'commander';
import { CommandError, exitStatus } from '../../command-error.ts';
import { readFirstKey } from '../../first-key.ts';
import { printJson } from '../../output/print-json.ts';
import { printLine, printNews } from '../../output/print-line.ts';
import { runningSupervisor } from '../../running-server.ts';
import { serverProgram } from '../../server-program.ts';
import { addSettingOptions, settingFlags } from '../../setting-options.ts';
import { serverEnvironment, usableSettings } from '../../settings.ts';

/** `samovar keys recover`: needs no key, only the right to read the data folder (or the database's address). */
export function defineRecover(command: Command): void {
  addSettingOptions(command, ['data', 'postgresUrl'])
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: boolean } & Record<string, unknown>) => {
      const flags = settingFlags(options);
      const { values } = usableSettings(flags);
      if (values.postgresUrl === null && !runningSupervisor(values.data))
        throw new CommandError(
          `Samovar does not run on ${values.data}.`,
          'Start it with `samovar up`, which needs no key, and recover then.',
          exitStatus.notRunning,
        );
      await run({ ...serverEnvironment(flags), SAMOVAR_DATA: values.data });
      const path = dataFolder(values.data).firstKey;
      const secret = readFirstKey(values.data);
      if (secret === null)
        throw new CommandError(
          `The key was made, and its secret cannot be read from ${path}.`,
          'Read the file as the user who runs Samovar.',
        );
      if (options.json) {
        printJson({ secret, path });
        return;
      }
      printNews(`Made a key with every permission; commands find it in ${path}. Its secret:`);
      printLine(secret);
      printNews('Revoke those that are lost: `samovar keys list`, `samovar keys revoke`.');
    });
}

async function run(env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(process.execPath, [serverProgram, 'recover-key'], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env,
  });
  let failure: CommandError | null = null;
  child.on('message', (value) => {
    const message = asProcessMessage(value);
    if (message?.kind === 'failed') failure = new CommandError(message.message, message.remedy);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return;
  throw (
    failure ??
    new CommandError(`The recovery ended with status ${code}.`, '`samovar doctor` checks the machine.')
  );
}
