import { resolve } from 'node:path';
import { dataFolder } from '@samovar/contract/data-folder';
import type { ServerSettings } from '../../config/load-settings.ts';
import { readPackageMirrors } from '../../config/package-mirrors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { startProber } from '../../modules/remote-engines/index.ts';
import { createOutboundGuard } from '../../platform/outbound-guard/outbound-guard.ts';
import { createPackageSource } from '../../platform/package-sources/create-package-source.ts';
import { connectPostgres } from '../../platform/postgres/connect-postgres.ts';
import { createJobQueue } from '../../platform/queue/create-job-queue.ts';
import { loadMasterKey } from '../../platform/sealing/load-master-key.ts';
import { createSealing } from '../../platform/sealing/sealing.ts';
import { createConverter } from '../create-converter.ts';
import { createInspector } from '../create-inspector.ts';
import { openModelSource } from '../open-model-source.ts';
import { openObjectStore } from '../open-object-store.ts';
import { openRemoteEngines } from '../open-remote-engines.ts';
import { requiredPostgresUrl } from '../required-postgres-url.ts';
import { keepDownloadsTidy } from './keep-downloads-tidy.ts';
import { openDataPath, type WorkerDataPath } from './open-data-path.ts';
import { startDispatcher } from './start-dispatcher.ts';
import { workOnChecks } from './work-on-checks.ts';
import { workOnJobs } from './worker-jobs.ts';

/**
 * Starts a worker: jobs that fetch models and keep the tables in order, asynchronous requests, and probes of connected
 * engines. Any number may run. Throws a `setup.*` error when PostgreSQL or the object store cannot be used.
 */
export async function startWorker(settings: ServerSettings, log: Log): Promise<Running> {
  const data = dataFolder(resolve(settings.data));
  const { masterKey, masterKeyFile } = settings;
  const sealing = await loadMasterKey({ masterKey, masterKeyFile, ownFile: data.masterKey });
  const objectStore = await openObjectStore(settings, data.objects, sealing);
  await objectStore.check();
  const address = {
    url: requiredPostgresUrl(settings, 'worker'),
    caFile: settings.caFile,
    schema: settings.postgresSchema,
    log,
  };
  const postgres = await connectPostgres({ ...address, poolSize: settings.postgresPoolSize });
  const packages = createPackageSource(readPackageMirrors(settings), {
    guard: createOutboundGuard({ allow: settings.outboundAllow }),
    folder: settings.modelFolder,
  });
  const sources = openModelSource(settings);
  const queue = await createJobQueue({ ...address, part: 'worker' }).catch(async (error: unknown) => {
    await postgres.end();
    throw error;
  });
  let dataPath: WorkerDataPath | null = null;
  let dispatcher: Running | null = null;
  let closeChecks: (() => Promise<void>) | null = null;
  let prober: Running | null = null;
  let tidying: Running | null = null;
  let stopped: Promise<void> | null = null;
  const running: Running = {
    stop(graceMs) {
      stopped ??= (async () => {
        await Promise.all([queue, dispatcher, prober, tidying].map((part) => part?.stop(graceMs)));
        await closeChecks?.();
        await dataPath?.end();
        await packages.close();
        await sources.close();
        await postgres.end();
      })();
      return stopped;
    },
  };
  try {
    const { database } = postgres;
    await workOnJobs({
      database,
      queue,
      objectStore,
      packages,
      sources,
      inspector: createInspector(),
      converter: createConverter(data.engines, settings.llamaServer),
      downloadsFolder: data.downloads,
      sealing: createSealing(sealing),
      settings,
      log,
    });
    tidying = keepDownloadsTidy({ database, downloadsFolder: data.downloads, log });
    dataPath = await openDataPath(settings, sealing, log);
    closeChecks = await workOnChecks({ database, queue, dataPath, settings, log });
    dispatcher = startDispatcher(settings, dataPath, log);
    prober = startProber(openRemoteEngines({ settings, database, masterKey: sealing, log }));
  } catch (error) {
    await running.stop(0);
    throw error;
  }
  log.info({}, 'working on jobs and asynchronous requests');
  return running;
}
