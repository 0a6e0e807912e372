import { type SettingName, settings } from '@samovar/contract/settings/settings';
import { type Command, Option } from 'commander';
import type { SettingFlags } from './settings.ts';

/** Adds options for settings: `port` becomes `--port <value>`, `drainSeconds` becomes `--drain-seconds <value>`. */
export function addSettingOptions(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) {
    const { description, env } = settings[name];
    command.addOption(new Option(`--${dashed(name)} <value>`, `${description} (${env})`));
  }
  return command;
}

/** The settings among a command's parsed options. */
export function settingFlags(options: Readonly<Record<string, unknown>>): SettingFlags {
  const flags: Partial<Record<SettingName, string>> = {};
  for (const name of Object.keys(settings) as SettingName[]) {
    const value = options[name];
    if (typeof value === 'string') flags[name] = value;
  }
  return flags;
}

function dashed(name: string): string {
  return name.replace(/[A-Z0-9]+/g, (part, at: number) =>
    at > 0 && /[A-Z]/.test(part) ? `-${part.toLowerCase()}` : part,
  );
}
