import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import {
  type ResolvedSettings,
  resolveSettings,
  type SettingSource,
  type Settings,
} from '@samovar/contract/settings/resolve-settings';
import { type SettingName, settings } from '@samovar/contract/settings/settings';
import { parse } from 'yaml';
import { SamovarError } from '../kernel/errors.ts';
import { requireReadable } from './require-readable.ts';

/** Settings of this process, with the data folder always known. */
export type ServerSettings = Settings & { readonly data: string };

/**
 * Reads flags, environment and `samovar.yaml` (in the working directory, or where SAMOVAR_CONFIG_FILE says).
 * Throws `setup.setting_invalid` for the first value that does not fit.
 */
export function loadSettings(flags: Readonly<Partial<Record<SettingName, string>>> = {}): ServerSettings {
  const resolved = resolveOwnSettings(flags);
  refuseProblems(resolved);
  refuseUnreadableFiles(resolved);
  return { ...resolved.values, data: resolved.values.data ?? defaultDataFolder() };
}

/** The settings of this process with their sources, not judged yet. */
export function resolveOwnSettings(flags: Readonly<Partial<Record<SettingName, string>>>): ResolvedSettings {
  return resolveSettings({ flags, environment: process.env, file: readConfigFile() });
}

function refuseProblems(resolved: ResolvedSettings): void {
  const problem = resolved.problems[0];
  if (problem) throw new SamovarError('setup.setting_invalid', { params: { ...problem } });
}

const places: Readonly<Record<SettingSource, string>> = {
  flag: 'the command line',
  environment: 'the environment',
  file: 'samovar.yaml',
  default: 'its default',
};

function refuseUnreadableFiles({ values, sources }: ResolvedSettings): void {
  for (const name of ['caFile', 'masterKeyFile', 'tlsCertFile', 'tlsKeyFile', 'registryAuthFile'] as const) {
    const path = values[name];
    if (path !== null) requireReadable(settings[name].env, places[sources[name]], path);
  }
}

function readConfigFile(): Record<string, unknown> {
  const path = process.env.SAMOVAR_CONFIG_FILE ?? 'samovar.yaml';
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && process.env.SAMOVAR_CONFIG_FILE === undefined)
      return {};
    throw fileProblem(path, (error as Error).message);
  }
  try {
    const parsed: unknown = parse(text, { logLevel: 'error' });
    if (parsed === null || parsed === undefined) return {};
    if (typeof parsed === 'object' && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  } catch (error) {
    throw fileProblem(path, (error as Error).message);
  }
  throw fileProblem(path, 'it must hold settings by name');
}

function fileProblem(path: string, reason: string): SamovarError {
  return new SamovarError('setup.setting_invalid', {
    params: { name: path, source: 'the settings file', reason },
  });
}

function defaultDataFolder(): string {
  if (userInfo().uid === 0) return '/var/lib/samovar';
  return join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'samovar');
}
