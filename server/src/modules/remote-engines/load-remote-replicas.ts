import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Sealing } from '../../kernel/ports/sealing.ts';
import type { Replica, ReplicaSnapshot } from '../serving/index.ts';
import { endpointOf, pathPrefixOf } from './engine-endpoint.ts';
import { openSecrets, secretHeaders } from './engine-secrets.ts';
import { engineOf } from './engine-store.ts';
import type { RemoteEngine } from './remote-engine.ts';
import type { RemoteTables } from './remote-tables.ts';

/**
 * The replicas that connected engines are, by version, their secrets opened: kept in memory only. An engine whose
 * secrets cannot be opened (another master key) is left out, and the log says so.
 */
export async function loadRemoteReplicas(
  database: DatabaseOrTransaction,
  sealing: Sealing,
  log: Log,
): Promise<ReplicaSnapshot> {
  const tables = database.withTables<RemoteTables>();
  const engines = await tables
    .selectFrom('remote_engines')
    .selectAll()
    .where('enabled', '=', true)
    .where('state', 'in', ['healthy', 'degraded'])
    .execute();
  if (engines.length === 0) return new Map();
  const models = await tables
    .selectFrom('remote_models')
    .selectAll()
    .where('serving', '=', true)
    .orderBy('id')
    .execute();
  const versions = await tables.selectFrom('remote_versions').selectAll().execute();
  const modelsOf = Map.groupBy(models, (model) => model.engine_id);
  const versionsOf = Map.groupBy(versions, (version) => nameKey(version));
  const replicas = new Map<string, Replica[]>();
  for (const engine of engines.map(engineOf)) {
    const headers = headersOf(engine, sealing, log);
    if (headers === null) continue;
    for (const model of modelsOf.get(engine.id) ?? []) {
      const replica = replicaOf(engine, model, headers);
      const served =
        model.joined_version_id === null
          ? (versionsOf.get(nameKey(model)) ?? [])
              .filter((one) => one.upstream_names?.includes(model.upstream_name) ?? true)
              .map((one) => one.version_id)
          : [model.joined_version_id];
      for (const versionId of served)
        replicas.set(versionId, [...(replicas.get(versionId) ?? []), { ...replica, versionId }]);
    }
  }
  return replicas;
}

function nameKey(of: { readonly project_id: string; readonly model_name: string }): string {
  return `${of.project_id}/${of.model_name}`;
}

function replicaOf(
  engine: RemoteEngine,
  model: {
    readonly id: string;
    readonly upstream_name: string;
    readonly lane: Replica['lane'];
    readonly answers_as: readonly string[];
    readonly capabilities: NonNullable<Replica['remote']>['capabilities'];
  },
  headers: readonly string[],
): Omit<Replica, 'versionId'> {
  return {
    workerId: model.id,
    address: engine.baseUrl,
    lane: model.lane,
    slots: engine.limits.parallelRequests,
    remote: {
      engineId: engine.id,
      engineName: engine.name,
      flavour: engine.flavour,
      endpoint: endpointOf(engine),
      pathPrefix: pathPrefixOf(engine.baseUrl),
      headers,
      upstreamModel: model.upstream_name,
      answersAs: model.answers_as,
      capabilities: model.capabilities,
      parallelRequests: engine.limits.parallelRequests,
      queuedRequests: engine.limits.queuedRequests,
    },
  };
}

function headersOf(engine: RemoteEngine, sealing: Sealing, log: Log): readonly string[] | null {
  try {
    return secretHeaders(openSecrets(sealing, engine.id, engine.sealedSecrets));
  } catch (error) {
    log.error(
      { error, engine: engine.name },
      'The secrets of a connected engine cannot be opened; it gets no requests',
    );
    return null;
  }
}
