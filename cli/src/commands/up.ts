import { dataFolder } from '@samovar/contract/data-folder';
import type { Command } from 'commander';
import { createApiClient } from '../api-client.ts';
import { readFirstKey } from '../first-key.ts';
import { printLine, printNews } from '../output/print-line.ts';
import { runningSupervisor } from '../running-server.ts';
import { addSettingOptions, settingFlags } from '../setting-options.ts';
import { type CliSettings, type SettingFlags, usableSettings } from '../settings.ts';
import { findAccelerators } from '../up/find-accelerator.ts';
import { forwardSignals } from '../up/forward-signals.ts';
import { readyBlock } from '../up/ready-block.ts';
import { type StartedSupervisor, startSupervisor } from '../up/start-supervisor.ts';
import { stepLines } from '../up/step-lines.ts';
import { waitForModels } from '../up/wait-for-models.ts';

interface UpOptions {
  readonly detach?: boolean;
}

/** `samovar up`. */
export function define(command: Command): void {
  addSettingOptions(command, [
    'host',
    'port',
    'data',
    'postgresUrl',
    'defaultModels',
    'drainSeconds',
    'logLevel',
  ])
    .option('-d, --detach', 'return when it is ready, and leave it running')
    .action(async (options: UpOptions & Record<string, unknown>) => {
      const flags = settingFlags(options);
      const settings = usableSettings(flags);
      const running = runningSupervisor(settings.values.data);
      if (running) {
        printLine(`Samovar already runs at ${running.url} (process ${running.pid}). Stop: \`samovar down\`.`);
        return;
      }
      await bringUp(settings, flags, options.detach !== true);
    });
}

async function bringUp(settings: CliSettings, flags: SettingFlags, attached: boolean): Promise<void> {
  const started = startSupervisor({
    data: settings.values.data,
    flags,
    attached,
    onStep: (step) => printNews(stepLines[step]),
  });
  forwardSignals(started, settings.values.drainSeconds);
  await started.ready;
  const stopped = await announce(settings, started, attached);
  if (attached || stopped) process.exitCode = await started.ended;
  else {
    started.child.disconnect();
    started.child.unref();
    // The watch over signals and the child's end would keep us here.
    process.exit(0);
  }
}

/** Waits for the models and prints the block; true when it was stopped meanwhile. */
async function announce(
  settings: CliSettings,
  started: StartedSupervisor,
  attached: boolean,
): Promise<boolean> {
  const data = settings.values.data;
  const client = createApiClient({ ...settings, apiKey: readFirstKey(data) ?? settings.apiKey });
  const models = await Promise.race([
    waitForModels(client, settings.values.defaultModels, printNews),
    started.ended.then(() => null),
  ]);
  if (models === null) return true;
  const block = readyBlock({
    url: settings.values.publicUrl ?? client.baseUrl,
    key: process.stdout.isTTY ? readFirstKey(data) : null,
    keyFile: dataFolder(data).firstKey,
    data,
    attached,
    models,
    accelerators: await findAccelerators(),
  });
  printLine(`\n${block}`);
  return false;
}
