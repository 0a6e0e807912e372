import type { ServerSettings } from '../../config/load-settings.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { InferenceDependencies } from '../../modules/inference/index.ts';
import { deriveWorkerToken, requestLoad } from '../../modules/serving/index.ts';
import { createConfigVersion } from '../../platform/postgres/config-version.ts';
import { createSealing } from '../../platform/sealing/sealing.ts';
import { createWorkerTransport } from '../../platform/worker-transport/worker-transport.ts';
import { openRemoteTransport } from '../open-remote-engines.ts';
import { followPolicy } from '../policy/follow-policy.ts';
import { readLoadState } from '../policy/load-state.ts';

/** What requests of a worker process go by: a policy of its own, and connections to the engines. */
export interface WorkerDataPath {
  readonly database: Database;
  /** For one user: connections of its own, which close with it. */
  dependencies(): Omit<InferenceDependencies, 'limiter' | 'meter' | 'metrics'>;
  end(): Promise<void>;
}

/** Resolves when the policy has been read once. */
export async function openDataPath(
  settings: ServerSettings,
  masterKey: Buffer,
  log: Log,
): Promise<WorkerDataPath> {
  const followed = followPolicy(settings, log, 'worker', createSealing(masterKey));
  const { database } = followed.postgres;
  const configVersion = createConfigVersion('replicas');
  await followed.watch.loaded;
  return {
    database,
    dependencies: () => ({
      policy: () => followed.policy.current(),
      newerPolicy: followed.newerPolicy,
      onPolicyChange: (listener) => followed.policy.onChange(listener),
      requestLoad: (model) => requestLoad({ database, configVersion }, model),
      loadState: (model) => readLoadState(database, model),
      transport: createWorkerTransport(),
      remoteTransport: openRemoteTransport(settings),
      clock: systemClock,
      log,
      settings,
      workerToken: deriveWorkerToken(masterKey),
    }),
    end: () => followed.end(),
  };
}
