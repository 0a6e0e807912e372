import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultScope } from '@samovar/contract/default-scope';
import { resolveSettings } from '@samovar/contract/settings/resolve-settings';
import { systemClock } from '../src/kernel/clock.ts';
import { createFirstKey } from '../src/modules/iam/index.ts';
import { watchCanariesKind } from '../src/modules/rollout/index.ts';
import { createConfigVersion } from '../src/platform/postgres/config-version.ts';
import { prepareJobQueue } from '../src/platform/queue/prepare-job-queue.ts';
import { startApi } from '../src/roles/api/start-api.ts';
import { createTestDatabase, type TestDatabase, testSchema } from './postgres.ts';
import { silentLog } from './silent-log.ts';

export interface ApiReplicas {
  readonly store: TestDatabase;
  /** Of each replica. */
  readonly urls: readonly string[];
  readonly grpcAddresses: readonly string[];
  /** May do everything in the default project. */
  readonly key: string;
  stop(): Promise<void>;
}

/** Api processes over one database, in this process, as they stand behind a load balancer. */
export async function startApiReplicas(
  count: number,
  prepared: (store: TestDatabase) => Promise<void>,
): Promise<ApiReplicas> {
  const store = await createTestDatabase();
  const data = await mkdtemp(join(tmpdir(), 'samovar-replicas-'));
  await prepareJobQueue({
    url: store.url,
    caFile: null,
    schema: testSchema,
    log: silentLog,
    kinds: [watchCanariesKind],
  });
  await prepared(store);
  let key = '';
  const iam = { database: store.database, configVersion: createConfigVersion(), clock: systemClock };
  await createFirstKey(iam, defaultScope, async (secret) => {
    key = secret;
  });
  const { values } = resolveSettings({
    flags: {
      postgresUrl: store.url,
      postgresSchema: testSchema,
      port: '0',
      grpcPort: '0',
      masterKey: Buffer.alloc(32, 7).toString('base64'),
    },
    environment: {},
    file: {},
  });
  const apis = await Promise.all(
    Array.from({ length: count }, () => startApi({ ...values, data }, silentLog)),
  );
  return {
    store,
    urls: apis.map(({ url }) => url),
    grpcAddresses: apis.map(({ grpcPort }) => `127.0.0.1:${grpcPort}`),
    key,
    async stop() {
      await Promise.all(apis.map((api) => api.stop(0)));
      await store.end();
      await rm(data, { recursive: true, force: true });
    },
  };
}
