import { type SettingName, settings as settingTable } from '@samovar/contract/settings/settings';
import { type ShownSetting, shownSettings } from '@samovar/contract/settings/shown-settings';
import type { Command } from 'commander';
import { CommandError, exitStatus } from '../command-error.ts';
import { printJson } from '../output/print-json.ts';
import { printLine, printNews } from '../output/print-line.ts';
import { printTable } from '../output/print-table.ts';
import { addSettingOptions, settingFlags } from '../setting-options.ts';
import { type CliSettings, readSettings, usableSettings } from '../settings.ts';

/** `samovar config`: every setting as the next start would read it. Needs no running server. */
export function define(command: Command): void {
  addSettingOptions(command, Object.keys(settingTable) as SettingName[])
    .option('--describe', 'say what each is for')
    .option('--json', 'print JSON')
    .action((options: Readonly<Record<string, unknown>> & { describe?: boolean; json?: boolean }) => {
      const settings = readSettings(settingFlags(options));
      const shown = shownOf(settings);
      const { problems } = settings.resolved;
      if (options.json) printJson({ file: settings.file, settings: shown, problems });
      else show(shown, settings.file, options.describe === true);
      for (const problem of problems)
        printNews(`The setting ${problem.name} from ${problem.source} is not valid: ${problem.reason}.`);
      if (problems.length > 0) process.exitCode = exitStatus.failed;
    });
  defineGet(command.command('get').description('print the value of one setting, for scripts'));
}

/** `samovar config get NAME`. Exits with 1 when it is unset. */
function defineGet(command: Command): void {
  addSettingOptions(command, Object.keys(settingTable) as SettingName[])
    .argument(
      '<setting>',
      'as in the environment (SAMOVAR_DATA), in samovar.yaml (data), or as its name in `config --json`',
    )
    .option('--json', 'print JSON')
    .action((name: string, _given: unknown, command: Command) => {
      const options = command.optsWithGlobals<Record<string, unknown>>();
      const setting = shownOf(usableSettings(settingFlags(options))).find((each) =>
        [each.env, each.yaml, each.name].includes(name),
      );
      if (!setting)
        throw new CommandError(
          `There is no setting \`${name}\`.`,
          '`samovar config` lists them.',
          exitStatus.usage,
        );
      if (options.json) printJson(setting);
      else if (setting.value === null) printNews(`${setting.env} is unset.`);
      else printLine(setting.value);
      if (setting.value === null) process.exitCode = exitStatus.failed;
    });
}

function shownOf(settings: CliSettings): ShownSetting[] {
  return shownSettings(settings.resolved).map((setting) =>
    setting.name === 'data' ? { ...setting, value: settings.values.data } : setting,
  );
}

function show(settings: readonly ShownSetting[], file: string | null, describe: boolean): void {
  const titles = ['setting', 'samovar.yaml', 'value', 'source', ...(describe ? ['what it is'] : [])];
  printTable(
    titles,
    settings.map((setting) => [
      setting.env,
      setting.yaml,
      setting.value === null ? '(unset)' : setting.value === '' ? '(empty)' : setting.value,
      setting.source,
      ...(describe ? [setting.description] : []),
    ]),
  );
  printLine();
  printLine(file === null ? 'No samovar.yaml was found in this folder.' : `Settings file: ${file}`);
}
