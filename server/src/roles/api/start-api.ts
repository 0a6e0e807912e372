import { resolve } from 'node:path';
import { dataFolder } from '@samovar/contract/data-folder';
import { describeSettings } from '../../config/describe-settings.ts';
import type { ServerSettings } from '../../config/load-settings.ts';
import { steadyClock, systemClock } from '../../kernel/clock.ts';
import { asSamovarError, SamovarError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { BoundRoute } from '../../kernel/ports/http-routes.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { createClassify } from '../../modules/classification/index.ts';
import { authorize } from '../../modules/iam/index.ts';
import { createIdempotency } from '../../modules/idempotency/index.ts';
import { createInference } from '../../modules/inference/index.ts';
import { deleteModel } from '../../modules/registry/index.ts';
import {
  deploymentUsers,
  deriveWorkerToken,
  requestLoad,
  writeLoadWaits,
} from '../../modules/serving/index.ts';
import { createKeyLimiter, createUsageMeter } from '../../modules/usage/index.ts';
import { createGrpcServer } from '../../platform/grpc/grpc-server.ts';
import { createHttpServer } from '../../platform/http/http-server.ts';
import { createBulkInsert } from '../../platform/postgres/bulk-insert.ts';
import { createConfigVersion } from '../../platform/postgres/config-version.ts';
import { isConnectionFailure } from '../../platform/postgres/postgres-error.ts';
import { loadMasterKey } from '../../platform/sealing/load-master-key.ts';
import { createSealing } from '../../platform/sealing/sealing.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import { createWorkerTransport } from '../../platform/worker-transport/worker-transport.ts';
import { consoleApiRoutes, createFollowers } from '../../surfaces/console-api/index.ts';
import { foundationModelsMethods, foundationModelsRoutes } from '../../surfaces/foundation-models/index.ts';
import { modelRemovalRoutes, openaiRoutes } from '../../surfaces/openai/index.ts';
import { systemErrorBody, systemRoutes } from '../../surfaces/system/index.ts';
import { openCertificate } from '../open-certificate.ts';
import { openRemoteEngines, openRemoteTransport } from '../open-remote-engines.ts';
import { followPolicy } from '../policy/follow-policy.ts';
import { readLoadState } from '../policy/load-state.ts';
import { ownVersion } from '../prepare/own-version.ts';
import { requiredPostgresUrl } from '../required-postgres-url.ts';
import { createAuthenticate } from './authenticate.ts';
import { createJobSender } from './create-job-sender.ts';
import { engineSeries } from './engine-series.ts';
import { grpcAddress } from './grpc-address.ts';
import { openAsyncRequests } from './open-async-requests.ts';
import { openModelApi } from './open-model-api.ts';
import { queueGauges } from './queue-gauges.ts';
import { readinessChecks } from './readiness-checks.ts';
import { createRunOnce } from './run-once.ts';

/** How long the start waits for PostgreSQL before it goes on without; `/readyz` tells the rest. */
const firstLoadMs = 10_000;
/** Usage records kept in memory at most when neither PostgreSQL nor the disk takes them. */
const meterBuffer = 50_000;

export interface RunningApi extends Running {
  readonly url: string;
  readonly grpcPort: number;
}

/**
 * Starts an api process: the HTTP server with every surface over the modules. It listens before PostgreSQL is
 * reached, so that health can be asked; requests are served from the first policy snapshot on.
 */
export async function startApi(settings: ServerSettings, log: Log): Promise<RunningApi> {
  const data = dataFolder(resolve(settings.data));
  const masterKey = await loadMasterKey({
    masterKey: settings.masterKey,
    masterKeyFile: settings.masterKeyFile,
    ownFile: data.masterKey,
  });
  const sealing = createSealing(masterKey);
  const certificate = await openCertificate(settings, log);
  const {
    postgres,
    watch,
    policy,
    newerPolicy,
    end: endPolicy,
  } = followPolicy(settings, log, 'api', sealing);
  const { database } = postgres;
  const clock = systemClock;
  const configVersion = createConfigVersion();
  const metrics = createMetrics();
  const version = ownVersion();
  const startedAt = clock.now();
  const processId = newId();
  const bulkInsert = createBulkInsert(postgres.pool, settings.postgresSchema);
  const meter = createUsageMeter({
    bulkInsert,
    spoolFolder: data.spool,
    flushMs: settings.meteringFlushMs,
    maxBuffered: meterBuffer,
    log,
    clock,
  });
  const limiter = createKeyLimiter(steadyClock);
  const inference = createInference({
    policy: () => policy.current(),
    newerPolicy,
    onPolicyChange: (listener) => policy.onChange(listener),
    requestLoad: (model) => requestLoad({ database, configVersion: createConfigVersion('replicas') }, model),
    loadState: (model) => readLoadState(database, model),
    noteWaiting: (model, requests) => writeLoadWaits(database, processId, model, requests),
    transport: createWorkerTransport(),
    remoteTransport: openRemoteTransport(settings),
    limiter,
    meter,
    metrics,
    clock,
    log,
    settings,
    workerToken: deriveWorkerToken(masterKey),
  });
  const asyncRequests = openAsyncRequests({
    settings,
    log,
    database,
    policy: () => policy.current(),
    limiter,
    mapError,
  });
  const remoteEngines = openRemoteEngines({ settings, database, masterKey, log });
  const release = async (): Promise<void> => {
    await remoteEngines.transport.close();
    await asyncRequests.stop();
    await inference.close();
    await meter.stop();
    await endPolicy();
    certificate?.stop();
  };
  let draining = false;
  let grpcPort = settings.grpcPort;
  const inferenceSurface = {
    startInference: inference.start,
    meterRefused: inference.meterRefused,
    policy: () => policy.current(),
    newerPolicy,
  };
  const foundationModels = {
    ...inferenceSurface,
    classify: createClassify({ start: inference.start, models: () => policy.current().models }),
    submitRequest: asyncRequests.submit,
    operations: asyncRequests.operations,
    grpcAddress: (host: string | undefined) =>
      grpcAddress(host, {
        publicAddress: settings.grpcPublicAddress,
        publicUrl: settings.publicUrl,
        port: grpcPort,
      }),
    mapError,
    log,
  };
  const routes: BoundRoute[] = [
    ...openaiRoutes(inferenceSurface),
    ...modelRemovalRoutes({
      deleteModel: (context, name) =>
        deleteModel({ database, configVersion, users: deploymentUsers }, context, name),
    }),
    ...foundationModelsRoutes(foundationModels),
    ...consoleApiRoutes({
      ...openModelApi({ settings, database, clock, masterKey, log }),
      remoteEngines,
      followers: createFollowers({ keys: () => (policy.state === 'good' ? policy.current().keys : null) }),
      database,
      operations: asyncRequests.operations,
      notifications: asyncRequests.notifications,
      jobs: createJobSender({
        url: requiredPostgresUrl(settings, 'api'),
        caFile: settings.caFile,
        schema: settings.postgresSchema,
        log,
      }),
      configVersion,
      clock,
      version,
      startedAt,
      settings: describeSettings(),
      checkPostgres: () => bulkInsert.check(),
    }),
    ...systemRoutes({
      version,
      checks: () =>
        readinessChecks({
          policy,
          draining,
          confirmedAt: watch.lastConfirmedAt(),
          clock,
        }),
      routes: () => routes.map((bound) => bound.route),
      grpcMethods: () => grpc.methods,
      metrics: () => metrics.text(),
    }),
  ];
  const serving = {
    authenticate: createAuthenticate(() => policy.current(), clock),
    newerPolicy,
    authorize,
    settings,
    certificate,
    mapError,
    endRunning: (error: SamovarError) => inference.endAll(error),
    log,
  };
  const grpc = await createGrpcServer({
    ...serving,
    methods: foundationModelsMethods(foundationModels),
    ready: () => policy.state === 'good',
  }).catch(async (error: unknown) => {
    await release();
    throw error;
  });
  const server = await createHttpServer({
    ...serving,
    routes,
    runOnce: createRunOnce(createIdempotency({ database, sealing, clock, log })),
    errorBody: systemErrorBody,
  }).catch(async (error: unknown) => {
    await grpc.stop(0);
    await release();
    throw error;
  });
  metrics.measure([
    ...queueGauges(database, log),
    {
      name: 'samovar_inference_running',
      help: 'Inference requests that have begun and not ended.',
      read: () => inference.running,
    },
    {
      name: 'samovar_inference_waiting',
      help: 'Inference requests that wait for their model to be loaded.',
      read: () => inference.waiting,
    },
    {
      name: 'samovar_http_open_connections',
      help: 'Open client connections.',
      read: () => server.openConnections,
    },
    ...(certificate === null
      ? []
      : [
          {
            name: 'samovar_tls_certificate_expiry_timestamp_seconds',
            help: 'When the TLS certificate expires, as seconds since the epoch.',
            read: () => certificate.expiresAt / 1000,
          },
        ]),
    {
      name: 'samovar_grpc_open_connections',
      help: 'Open client connections of the gRPC port.',
      read: () => grpc.openConnections,
    },
    {
      name: 'samovar_grpc_open_calls',
      help: 'gRPC calls that have begun and not ended.',
      read: () => grpc.openCalls,
    },
  ]);
  metrics.measureSeries(engineSeries(inference, database, log));
  const url = `${certificate === null ? 'http' : 'https'}://${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`;
  grpcPort = grpc.port;
  log.info({ url, grpcPort }, 'listening');
  await within(watch.loaded, firstLoadMs, log);
  let stopped: Promise<void> | null = null;
  const stop = async (graceMs: number): Promise<void> => {
    draining = true;
    asyncRequests.operations.stop();
    await Promise.all([server.stop(graceMs), grpc.stop(graceMs)]);
    await release();
  };
  return {
    url,
    grpcPort,
    stop(graceMs) {
      stopped ??= stop(graceMs);
      return stopped;
    },
  };
}

function mapError(thrown: unknown): SamovarError {
  if (thrown instanceof SamovarError || !isConnectionFailure(thrown)) return asSamovarError(thrown);
  return new SamovarError('system.database_away', { cause: thrown, retryAfterSeconds: 1 });
}

async function within(loaded: Promise<void>, limitMs: number, log: Log): Promise<void> {
  const { promise, resolve: late } = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => late('late'), limitMs);
  if ((await Promise.race([loaded, promise])) === 'late')
    log.warn({}, 'PostgreSQL is not reached yet; requests are refused until it is');
  clearTimeout(timer);
}
