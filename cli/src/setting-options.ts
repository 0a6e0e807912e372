import { type SettingName, settings } from '@samovar/contract/settings/settings';
import { type Command, Option } from 'commander';
import type { SettingFlags } from './settings.ts';

/** Adds options for settings: `drainSeconds` becomes `--drain-seconds <value>`, `s3Bucket` `--s3-bucket <value>`. */
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
  return name.replace(/[A-Z]+/g, (part) => `-${part.toLowerCase()}`);
}
