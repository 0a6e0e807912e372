import { dataFolder } from '@samovar/contract/data-folder';
import type { Command } from 'commander';
import { ApiError, baseUrlOf, createApiClient } from '../api-client.ts';
import { exitStatus } from '../command-error.ts';
import { readAcceleration } from '../engines/read-acceleration.ts';
import { readFirstKey } from '../first-key.ts';
import { printLine, printNews } from '../output/print-line.ts';
import { runningSupervisor } from '../running-server.ts';
import { addSettingOptions, settingFlags } from '../setting-options.ts';
import { type CliSettings, type SettingFlags, usableSettings } from '../settings.ts';
import { forwardSignals } from '../up/forward-signals.ts';
import type { ModelProgress } from '../up/model-progress.ts';
import { type ReadyFacts, readyBlock } from '../up/ready-block.ts';
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
    'grpcPort',
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
  const stopAsked = forwardSignals(started, settings.values.drainSeconds);
  await started.ready;
  let allAnswer = true;
  try {
    const { block, failed } = await describe(settings, attached);
    printLine(`\n${block}`);
    allAnswer = failed === 0;
  } catch (error) {
    // Asked to stop while models were awaited: that they cannot be asked about any more is no fault.
    if (!stopAsked()) {
      await leave(started, attached);
      throw error;
    }
  }
  if (attached || stopAsked()) process.exitCode = await started.ended;
  else {
    await leave(started, attached);
    if (!allAnswer) process.exitCode = exitStatus.failed;
  }
}

/** Lets a detached supervisor go on without us; stops an attached one. */
async function leave(started: StartedSupervisor, attached: boolean): Promise<void> {
  if (attached) {
    started.child.kill('SIGTERM');
    await started.ended;
    return;
  }
  started.child.disconnect();
  started.child.unref();
}

interface Description {
  readonly block: string;
  /** How many default models do not answer. */
  readonly failed: number;
}

/** Waits for the models, and gives the block that tells how to use them. */
async function describe(settings: CliSettings, attached: boolean): Promise<Description> {
  const { data, defaultModels, publicUrl, grpcPublicAddress, tlsCertFile } = settings.values;
  const { models, firstKey } = await askForModels(settings);
  const failed = (models ?? []).filter(
    (model) => model.phase === 'failed' && defaultModels.includes(model.name),
  );
  const block = readyBlock({
    url: publicUrl ?? baseUrlOf(settings),
    grpcAddress: grpcPublicAddress ?? runningSupervisor(data)?.grpcAddress ?? null,
    certFile: tlsCertFile,
    firstKey,
    key: process.stdout.isTTY ? readFirstKey(data) : null,
    keyFile: dataFolder(data).firstKey,
    data,
    attached,
    models,
    failed,
    acceleration: await readAcceleration(models ?? []),
  });
  return { block, failed: failed.length };
}

/** What the platform tells of its models, asked with the first key, else with `SAMOVAR_API_KEY`: it runs without, too. */
async function askForModels(settings: CliSettings): Promise<Pick<ReadyFacts, 'models' | 'firstKey'>> {
  const firstKey = readFirstKey(settings.values.data);
  const models = firstKey === null ? null : await modelsAsToldTo(firstKey, settings);
  if (models !== null) return { models, firstKey: 'accepted' };
  return {
    models: settings.apiKey === null ? null : await modelsAsToldTo(settings.apiKey, settings),
    firstKey: firstKey === null ? 'missing' : 'refused',
  };
}

/** `null` when this key may not ask. */
async function modelsAsToldTo(
  apiKey: string,
  settings: CliSettings,
): Promise<readonly ModelProgress[] | null> {
  try {
    const client = createApiClient({ ...settings, apiKey });
    return await waitForModels(client, settings.values.defaultModels, printNews);
  } catch (error) {
    if (error instanceof ApiError && [401, 403].includes(error.httpStatus)) return null;
    throw error;
  }
}
