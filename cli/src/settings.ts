import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type ResolvedSettings,
  resolveSettings,
  type Settings,
} from '@samovar/contract/settings/resolve-settings';
import { type SettingName, settings as settingTable } from '@samovar/contract/settings/settings';
import { parse } from 'yaml';
import { CommandError } from './command-error.ts';

/** Settings as text, by name, from the command line. */
export type SettingFlags = Readonly<Partial<Record<SettingName, string>>>;

export interface CliSettings {
  readonly values: Settings & { readonly data: string };
  readonly resolved: ResolvedSettings;
  /** `samovar.yaml` where one was read, else `null`. */
  readonly file: string | null;
  /** `SAMOVAR_API_KEY`. */
  readonly apiKey: string | null;
}

/** The one reader of the environment in the CLI. Does not judge: `usableSettings` refuses what does not fit. */
export function readSettings(flags: SettingFlags): CliSettings {
  const asked = process.env.SAMOVAR_CONFIG_FILE;
  const file = readFile(asked ?? 'samovar.yaml', asked !== undefined);
  const resolved = resolveSettings({ flags, environment: process.env, file: file?.content ?? {} });
  return {
    values: { ...resolved.values, data: resolve(resolved.values.data ?? defaultDataFolder()) },
    resolved,
    file: file?.path ?? null,
    apiKey: process.env.SAMOVAR_API_KEY || null,
  };
}

/** Like `readSettings`, and throws for the first value that does not fit. */
export function usableSettings(flags: SettingFlags): CliSettings {
  const read = readSettings(flags);
  const problem = read.resolved.problems[0];
  if (problem)
    throw new CommandError(
      `The setting ${problem.name} from ${problem.source} is not valid: ${problem.reason}.`,
      'Correct it; `samovar config` lists every setting with its source.',
    );
  return read;
}

/** The environment for a server process: ours, with the command line's settings in it. */
export function serverEnvironment(flags: SettingFlags): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  for (const [name, value] of Object.entries(flags) as [SettingName, string][])
    environment[settingTable[name].env] = value;
  return environment;
}

function readFile(
  path: string,
  required: boolean,
): { path: string; content: Record<string, unknown> } | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!required && error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw unreadable(path, error);
  }
  try {
    const content: unknown = parse(text, { logLevel: 'error' }) ?? {};
    if (isRecord(content)) return { path: resolve(path), content };
  } catch (error) {
    throw unreadable(path, error);
  }
  throw unreadable(path, 'it must hold settings by name');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(path: string, reason: unknown): CommandError {
  const text = reason instanceof Error ? reason.message : String(reason);
  return new CommandError(`The settings file ${path} cannot be used: ${text}.`, 'Correct it or remove it.');
}

function defaultDataFolder(): string {
  if (userInfo().uid === 0) return '/var/lib/samovar';
  return join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'samovar');
}
