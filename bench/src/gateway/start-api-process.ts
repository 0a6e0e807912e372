import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultScope } from '@samovar/contract/default-scope';
import { systemClock } from '../../../server/src/kernel/clock.ts';
import { createFirstKey } from '../../../server/src/modules/iam/index.ts';
import type { Replica } from '../../../server/src/modules/serving/index.ts';
import { createConfigVersion } from '../../../server/src/platform/postgres/config-version.ts';
import { nodeArguments } from '../../../server/src/roles/node-arguments.ts';
import { createTestDatabase, type TestDatabase, testSchema } from '../../../server/test/postgres.ts';
import { type PackagedModel, registerWorker } from '../../../server/test/registered-worker.ts';
import { startChild } from './start-child.ts';

const main = fileURLToPath(new URL('../../../server/src/main.ts', import.meta.url));

export interface ApiProcess {
  readonly pid: number;
  readonly url: string;
  /** `host:port` of the gRPC services. */
  readonly grpcAddress: string;
  readonly key: string;
  stop(): Promise<void>;
}

/** A database with one ready worker at this socket, and a key without limits. */
export interface ApiDatabase {
  readonly store: TestDatabase;
  readonly key: string;
}

export async function createApiDatabase(
  socketPath: string,
  lane: Replica['lane'],
  model?: PackagedModel,
): Promise<ApiDatabase> {
  const store = await createTestDatabase();
  await registerWorker(store, `unix:${socketPath}`, lane, model);
  let key = '';
  const iam = { database: store.database, configVersion: createConfigVersion(), clock: systemClock };
  await createFirstKey(iam, defaultScope, async (secret) => {
    key = secret;
  });
  await store.pool.query(
    'update api_keys set requests_per_minute = 1e9, tokens_per_minute = 2e9, parallel_requests = 1e6',
  );
  return { store, key };
}

/** A whole api process on its own database: key lookup, limits and metering as in an installation. */
export async function startApiProcess(
  socketPath: string,
  lane: Replica['lane'],
  model?: PackagedModel,
): Promise<ApiProcess> {
  const database = await createApiDatabase(socketPath, lane, model);
  const api = await startApiOn(database);
  return {
    ...api,
    async stop() {
      await api.stop();
      await database.store.end();
    },
  };
}

/** An api process on a database that others may use too. */
export async function startApiOn({ store, key }: ApiDatabase): Promise<ApiProcess> {
  const data = await mkdtemp(join(tmpdir(), 'samovar-bench-'));
  const [port, grpcPort] = [await freePort(), await freePort()];
  const child = startChild('measured', process.execPath, [...nodeArguments('api'), main, 'api'], {
    SAMOVAR_POSTGRES_URL: store.url,
    SAMOVAR_POSTGRES_SCHEMA: testSchema,
    SAMOVAR_DATA: data,
    SAMOVAR_PORT: String(port),
    SAMOVAR_GRPC_PORT: String(grpcPort),
    SAMOVAR_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    SAMOVAR_LOG_LEVEL: 'info',
    SAMOVAR_OUTBOUND_ALLOW: '127.0.0.1',
    NODE_ENV: 'production',
    // As the launcher does: code that is compiled already needs no compiler in memory.
    NODE_COMPILE_CACHE: join(tmpdir(), 'samovar-bench-compile-cache'),
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  });
  await new Promise<void>((resolve, reject) => {
    child.process.once('message', () => resolve());
    child.process.once('exit', (code) => reject(new Error(`the api process ended with ${code}`)));
  });
  return {
    pid: child.pid,
    url: `http://127.0.0.1:${port}`,
    grpcAddress: `127.0.0.1:${grpcPort}`,
    key,
    async stop() {
      await child.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** Below the ports that Linux gives to connections going out, which would take one before its server listens. */
const lowestPort = 12_000;
const ports = 18_000;

/** A port that nothing listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowestPort + Math.floor(Math.random() * ports);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
