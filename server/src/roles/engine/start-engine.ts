import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dataFolder } from '@samovar/contract/data-folder';
import { makeFolder } from '@samovar/contract/make-folder';
import { ownIdentity } from '@samovar/contract/process-identity';
import type { ServerSettings } from '../../config/load-settings.ts';
import { workerEnvironment } from '../../config/worker-environment.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { ConfigSections } from '../../kernel/ports/config-version.ts';
import type { EngineDriver } from '../../kernel/ports/engine-driver.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { deriveWorkerToken, type EngineHostFacts, startEngineHost } from '../../modules/serving/index.ts';
import { createConfigVersion } from '../../platform/postgres/config-version.ts';
import { openPostgres } from '../../platform/postgres/connect-postgres.ts';
import { watchConfigVersion } from '../../platform/postgres/watch-config-version.ts';
import { loadMasterKey } from '../../platform/sealing/load-master-key.ts';
import { createFilePlacer } from '../../platform/worker-runner/file-placer.ts';
import { describeHardware, readMachineLimits } from '../../platform/worker-runner/machine-limits.ts';
import { createWorkerRunner } from '../../platform/worker-runner/worker-runner.ts';
import { openObjectStore } from '../open-object-store.ts';
import { unusableFolder } from '../prepare/unusable-folder.ts';
import { requiredPostgresUrl } from '../required-postgres-url.ts';
import { engineDrivers } from './engine-drivers.ts';
import { createModelSource } from './model-source.ts';

const leaseMs = 8_000;
/** Part of the machine's memory that loaded models may take, unless the settings say. */
const memoryShare = 0.7;

/**
 * Starts the engine host of this machine. It returns at once: models are loaded, and PostgreSQL is waited for, behind
 * it.
 */
export async function startEngine(settings: ServerSettings, log: Log): Promise<Running> {
  const data = dataFolder(resolve(settings.data));
  try {
    makeFolder(data.run, 0o700);
  } catch (error) {
    throw unusableFolder(data.run, error);
  }
  const masterKey = await loadMasterKey({
    masterKey: settings.masterKey,
    masterKeyFile: settings.masterKeyFile,
    ownFile: data.masterKey,
  });
  const address = {
    url: requiredPostgresUrl(settings, 'engine'),
    caFile: settings.caFile,
    schema: settings.postgresSchema,
  };
  const postgres = openPostgres({ ...address, poolSize: settings.postgresPoolSize, log });
  const { database } = postgres;
  const objectStore = await openObjectStore(settings, data.objects, masterKey);
  const drivers = engineDrivers({ enginesFolder: data.engines, program: settings.llamaServer });
  const models = createModelSource(database);
  const host = startEngineHost({
    database,
    configVersion: createConfigVersion('replicas'),
    clock: systemClock,
    log,
    runner: createWorkerRunner({
      entry: fileURLToPath(new URL('../model-worker.ts', import.meta.url)),
      runFolder: data.run,
      workerListen: settings.workerListen,
      workerToken: deriveWorkerToken(masterKey),
      environment: workerEnvironment(),
      output: 'inherit',
      log,
    }),
    placer: createFilePlacer({
      store: objectStore,
      cacheFolder: data.modelCache,
      cacheBytes: settings.modelCacheBytes,
      log,
    }),
    models,
    drivers,
    facts: await hostFacts(settings, [...drivers.values()]),
    policy: {
      leaseMs,
      parallelSequences: settings.engineParallel,
      idleUnloadSeconds: settings.idleUnloadSeconds,
      drainMs: settings.drainSeconds * 1000,
      preload: settings.defaultModels,
      logLevel: settings.logLevel,
    },
  });
  const onChange = async (_version: string, sections: ConfigSections) => {
    models.changed(sections);
    host.wake();
  };
  const watch = watchConfigVersion({ ...address, log, onChange });
  let stopped: Promise<void> | null = null;
  const stop = async (graceMs: number): Promise<void> => {
    await host.stop(graceMs);
    await watch.stop();
    await postgres.end();
  };
  return {
    stop(graceMs) {
      stopped ??= stop(graceMs);
      return stopped;
    },
  };
}

async function hostFacts(
  settings: ServerSettings,
  drivers: readonly EngineDriver[],
): Promise<EngineHostFacts> {
  const limits = readMachineLimits();
  const engines: string[] = [];
  for (const driver of drivers) if ((await driver.unavailable()) === null) engines.push(driver.engine);
  return {
    name: settings.engineHostName ?? hostname(),
    memoryBudgetBytes: settings.engineMemoryBytes ?? Math.floor(limits.memoryBytes * memoryShare),
    threads: settings.engineThreads ?? Math.max(1, limits.cores - 1),
    hardware: describeHardware(limits),
    engines,
    engineMemory: Object.fromEntries(drivers.map(({ engine, memory }) => [engine, memory])),
    identity: ownIdentity(),
  };
}
