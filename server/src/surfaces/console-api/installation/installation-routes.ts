import type { ShownSetting } from '@samovar/contract/settings/shown-settings';
import Type from 'typebox';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/ports/database.ts';
import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import { type EngineHostStatus, listEngineHosts } from '../../../modules/serving/index.ts';
import { consoleRoute } from '../console-route.ts';
import { configExample, statusExample } from './installation-examples.ts';

/** What an api process knows of its installation. */
export interface Installation {
  readonly database: Database;
  readonly clock: Clock;
  readonly version: string;
  /** When this api process started, milliseconds since the epoch. */
  readonly startedAt: number;
  readonly settings: readonly ShownSetting[];
  /** Rejects unless PostgreSQL answers. */
  checkPostgres(): Promise<void>;
}

const statusObject = Type.Object(
  {
    version: Type.String(),
    startedAt: Type.String(),
    uptimeSeconds: Type.Integer(),
    postgres: Type.Object(
      { reachable: Type.Boolean(), latencyMs: Type.Union([Type.Number(), Type.Null()]) },
      { additionalProperties: false },
    ),
    /** `null` while PostgreSQL is away. */
    engineHosts: Type.Union([
      Type.Array(
        Type.Object(
          {
            name: Type.String(),
            alive: Type.Boolean(),
            memoryBudgetBytes: Type.Integer(),
            threads: Type.Integer(),
            engines: Type.Array(Type.String()),
            since: Type.String(),
          },
          { additionalProperties: false },
        ),
      ),
      Type.Null(),
    ]),
  },
  { additionalProperties: false, examples: [statusExample] },
);

const configObject = Type.Object(
  {
    items: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          env: Type.String(),
          yaml: Type.String(),
          value: Type.Union([Type.String(), Type.Null()]),
          source: Type.Enum(['flag', 'environment', 'file', 'default']),
          description: Type.String(),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false, examples: [configExample] },
);

/** `/api/status` and `/api/config`: the installation itself. */
export function installationRoutes(installation: Installation): BoundRoute[] {
  return [
    consoleRoute(
      {
        id: 'console.status.read',
        method: 'GET',
        path: '/api/status',
        permission: 'settings.read',
        audit: null,
        tag: 'Installation',
        summary: 'How the installation is: this api process, PostgreSQL, engine hosts',
        responses: {
          200: { description: 'Its state, also while PostgreSQL is away.', schema: statusObject },
        },
      },
      async () => ({ status: 200, body: await statusOf(installation) }),
    ),
    consoleRoute(
      {
        id: 'console.config.read',
        method: 'GET',
        path: '/api/config',
        permission: 'settings.read',
        audit: null,
        tag: 'Installation',
        summary: 'Read every setting with its source, secrets masked',
        responses: { 200: { description: 'The settings of this api process.', schema: configObject } },
      },
      async () => ({ status: 200, body: { items: installation.settings } }),
    ),
  ];
}

async function statusOf(installation: Installation): Promise<object> {
  const { database, clock, version, startedAt } = installation;
  const latencyMs = await postgresLatency(installation);
  const hosts = latencyMs === null ? null : await listEngineHosts(database);
  return {
    version,
    startedAt: new Date(startedAt).toISOString(),
    uptimeSeconds: Math.floor((clock.now() - startedAt) / 1000),
    postgres: { reachable: latencyMs !== null, latencyMs },
    engineHosts: hosts?.map(hostObject) ?? null,
  };
}

/** `null` when it does not answer: that is what the caller asked about, not a fault of the call. */
async function postgresLatency(installation: Installation): Promise<number | null> {
  const begun = performance.now();
  return await installation.checkPostgres().then(
    () => Math.round((performance.now() - begun) * 10) / 10,
    () => null,
  );
}

function hostObject(host: EngineHostStatus): object {
  return { ...host, since: host.since.toISOString() };
}
