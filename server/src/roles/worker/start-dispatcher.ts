import type { ServerSettings } from '../../config/load-settings.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { createDispatcher } from '../../modules/inference-queue/index.ts';
import { deriveWorkerToken, requestLoad } from '../../modules/serving/index.ts';
import { createConfigVersion } from '../../platform/postgres/config-version.ts';
import { listenNotifications } from '../../platform/postgres/listen-notifications.ts';
import { createSealing } from '../../platform/sealing/sealing.ts';
import { createWorkerTransport } from '../../platform/worker-transport/worker-transport.ts';
import { openRemoteTransport } from '../open-remote-engines.ts';
import { followPolicy } from '../policy/follow-policy.ts';
import { readLoadState } from '../policy/load-state.ts';
import { requiredPostgresUrl } from '../required-postgres-url.ts';

/** Starts the part of a worker that answers asynchronous requests, with connections and a policy of its own. */
export async function startDispatcher(
  settings: ServerSettings,
  masterKey: Buffer,
  log: Log,
): Promise<Running> {
  const followed = followPolicy(settings, log, 'worker', createSealing(masterKey));
  const { database } = followed.postgres;
  const url = requiredPostgresUrl(settings, 'worker');
  const notifications = listenNotifications({ url, caFile: settings.caFile, log });
  await followed.watch.loaded;
  const configVersion = createConfigVersion('replicas');
  const dispatcher = createDispatcher({
    database,
    notifications,
    policy: () => followed.policy.current(),
    onPolicyChange: (listener) => followed.policy.onChange(listener),
    requestLoad: (model) => requestLoad({ database, configVersion }, model),
    loadState: (model) => readLoadState(database, model),
    transport: createWorkerTransport(),
    remoteTransport: openRemoteTransport(settings),
    // A worker process serves no metrics: the gauges of the api processes read the queue.
    metrics: { observe() {} },
    clock: systemClock,
    log,
    settings,
    workerToken: deriveWorkerToken(masterKey),
  });
  return {
    async stop(graceMs) {
      await dispatcher.stop(graceMs);
      await notifications.stop();
      await followed.end();
    },
  };
}
