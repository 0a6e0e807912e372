import type { Command } from 'commander';
import { type ApiClient, createApiClient } from './api-client.ts';
import { addSettingOptions, settingFlags } from './setting-options.ts';
import { usableSettings } from './settings.ts';

export type Options = Readonly<Record<string, unknown>>;

/** Adds the options that tell which server is meant. The key is SAMOVAR_API_KEY or the installation's first key. */
export function addServerOptions(command: Command): Command {
  return addSettingOptions(command, ['data', 'host', 'port']);
}

/** A client for the server that the options mean. */
export function clientFor(options: Options): ApiClient {
  return createApiClient(usableSettings(settingFlags(options)));
}
