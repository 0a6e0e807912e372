import type { ServerSettings } from '../../config/load-settings.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { createDispatcher } from '../../modules/inference-queue/index.ts';
import { listenNotifications } from '../../platform/postgres/listen-notifications.ts';
import { requiredPostgresUrl } from '../required-postgres-url.ts';
import type { WorkerDataPath } from './open-data-path.ts';

/** Starts the part of a worker that answers asynchronous requests. */
export function startDispatcher(settings: ServerSettings, dataPath: WorkerDataPath, log: Log): Running {
  const { database } = dataPath;
  const url = requiredPostgresUrl(settings, 'worker');
  const notifications = listenNotifications({ url, caFile: settings.caFile, log });
  const dispatcher = createDispatcher({
    ...dataPath.dependencies(),
    database,
    notifications,
    // A worker process serves no metrics: the gauges of the api processes read the queue.
    metrics: { observe() {} },
    settings,
  });
  return {
    async stop(graceMs) {
      await dispatcher.stop(graceMs);
      await notifications.stop();
    },
  };
}
