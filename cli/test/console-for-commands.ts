import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import { type ConsoleServer, startConsoleServer } from '../../server/test/console-server.ts';
import { newDataFolder, runSamovar } from './run-samovar.ts';

export interface ConsoleForCommands {
  /** Once the tests have begun. */
  readonly server: ConsoleServer;
  /** Runs a command against it, with a key that may do everything. */
  samovar(words: readonly string[]): ReturnType<typeof runSamovar>;
}

/** A server of the console API for the tests of one file; it ends after them. */
export function consoleForCommands(): ConsoleForCommands {
  const data = newDataFolder();
  let server: ConsoleServer | null = null;
  let key = '';
  const started = (): ConsoleServer => {
    if (server === null) throw new Error('the server starts before the first test');
    return server;
  };
  before(async () => {
    server = await startConsoleServer();
    key = (await server.addKey(defaultScope)).secret;
  });
  after(async () => {
    await server?.stop();
    rmSync(dirname(data), { recursive: true, force: true });
  });
  return {
    get server() {
      return started();
    },
    samovar: (words) => runSamovar(data, words, { SAMOVAR_PUBLIC_URL: started().url, SAMOVAR_API_KEY: key }),
  };
}
