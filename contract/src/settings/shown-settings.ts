import type { ResolvedSettings, SettingSource } from './resolve-settings.ts';
import type { Setting } from './setting.ts';
import { type SettingName, settings } from './settings.ts';

/** A setting as it may be shown to people. */
export interface ShownSetting {
  readonly name: SettingName;
  readonly env: string;
  readonly yaml: string;
  /** As text, secrets masked; `null` when it is unset. */
  readonly value: string | null;
  readonly source: SettingSource;
  readonly description: string;
}

const mask = '********';

/** Every setting with its value and source, in the order of the table. */
export function shownSettings(resolved: ResolvedSettings): ShownSetting[] {
  return (Object.keys(settings) as SettingName[]).map((name) => {
    const { env, yaml, kind, description }: Setting = settings[name];
    const value = textOf(resolved.values[name]);
    return {
      name,
      env,
      yaml,
      value: value === null ? null : kind === 'secret' ? mask : withoutPassword(value),
      source: resolved.sources[name],
      description,
    };
  });
}

function textOf(value: string | number | boolean | readonly string[] | null): string | null {
  if (value === null) return null;
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** An address that is no secret by itself, such as a mirror's, may carry a password. */
function withoutPassword(value: string): string {
  return value.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^/@\s,]+@/gi, `$1${mask}@`);
}
