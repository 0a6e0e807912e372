import { createHash } from 'node:crypto';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/ports/database.ts';
import type { Log } from '../../../kernel/ports/log.ts';
import type { RemoteTransport } from '../../../kernel/ports/remote-transport.ts';
import type { Sealing } from '../../../kernel/ports/sealing.ts';
import type { RemoteFlavour } from '../../serving/index.ts';
import { type AdapterRecord, selectAdapters } from '../adapter-store.ts';
import { nameHere } from '../check-connection.ts';
import { endpointOf, pathPrefixOf } from '../engine-endpoint.ts';
import { openSecrets, secretHeaders } from '../engine-secrets.ts';
import type { ModelFacts, ModelMapping, RemoteEngine, RemoteModel } from '../remote-engine.ts';
import { syncAdapters } from '../sync-adapters.ts';
import { checkModel } from './check-model.ts';
import { createEngineClient, type EngineClient } from './engine-client.ts';
import {
  listUpstream,
  reasonOf,
  type UpstreamList,
  type UpstreamModel,
  UpstreamRefusal,
} from './list-upstream.ts';

export interface ProbeParts {
  readonly database: Database;
  readonly log: Log;
  readonly transport: RemoteTransport;
  readonly sealing: Sealing;
  readonly clock: Clock;
}

export type ProbeOutcome =
  | { readonly kind: 'missed'; readonly reason: string }
  | {
      readonly kind: 'answered';
      readonly flavour: RemoteFlavour;
      readonly version: string | null;
      readonly models: readonly ModelFacts[];
      /** What is wrong with the engine as a whole, or with one of its models. */
      readonly problem: string | null;
    };

/** What was found out is looked at again after so long. */
const recheckMs = 24 * 60 * 60 * 1000;
const retryMs = 60_000;
/** Grows when a check of models finds out something more: those that were checked before are checked again. */
const checksRevision = 2;
/** More are not taken by themselves: each costs a few requests to check. */
const discoveryLimit = 32;
const unknownContextTokens = 8192;
/** Probes are asked patiently, and by connections of their own. */
const probeTimeouts = { firstByteMs: 60_000, idleMs: 30_000, wholeMs: 120_000 };

/** A client for what is asked of an engine beside the requests of callers. */
export function clientOf(parts: ProbeParts, engine: RemoteEngine): EngineClient {
  const endpoint = endpointOf(engine);
  const secrets = openSecrets(parts.sealing, engine.id, engine.sealedSecrets);
  return createEngineClient(
    parts.transport,
    { ...endpoint, key: `${endpoint.key}/probe`, timeouts: { ...endpoint.timeouts, ...probeTimeouts } },
    pathPrefixOf(engine.baseUrl),
    secretHeaders(secrets),
  );
}

/**
 * Lists an engine's models, and checks those that are new or changed; all of them when `anew`. Never rejects: an
 * engine that does not answer is an outcome.
 */
export async function probeEngine(
  parts: ProbeParts,
  engine: RemoteEngine,
  known: readonly RemoteModel[],
  anew: boolean,
): Promise<ProbeOutcome> {
  try {
    const client = clientOf(parts, engine);
    const { listed, adapters } = await listWithAdapters(parts, client, engine);
    const { wanted, problem } = chooseModels(engine, listed, adapters);
    const models: ModelFacts[] = [];
    for (const one of wanted) {
      const before = known.find(({ upstreamName }) => upstreamName === one.upstream.name);
      models.push(await factsOf(parts, client, { one, listed, before: anew ? undefined : before }));
    }
    const gone = engine.mapping.filter(
      ({ upstream }) => !listed.models.some(({ name }) => name === upstream),
    );
    const problems = [
      ...adapters.flatMap(({ name, state, error }) =>
        state === 'failed' ? [`the adapter ${name} is not loaded: ${error}`] : [],
      ),
      ...(problem === null ? [] : [problem]),
      ...gone.map(({ upstream }) => `it does not list the model ${upstream}`),
      ...models.flatMap((model) =>
        model.problem === null ? [] : [`${model.upstreamName} is not served: ${model.problem}`],
      ),
    ];
    return {
      kind: 'answered',
      flavour: listed.flavour,
      version: listed.version,
      models,
      problem: problems.length === 0 ? null : problems.join('; '),
    };
  } catch (error) {
    const text = reasonOf(error);
    return {
      kind: 'missed',
      reason: error instanceof UpstreamRefusal ? text : `it cannot be reached: ${text}`,
    };
  }
}

/** What the engine serves once it has the adapters that are wanted. */
async function listWithAdapters(
  parts: ProbeParts,
  client: EngineClient,
  engine: RemoteEngine,
): Promise<{ readonly listed: UpstreamList; readonly adapters: readonly AdapterRecord[] }> {
  const listed = await listUpstream(client, engine.kind);
  const adapters = await selectAdapters(parts.database, engine, engine.id);
  if (adapters.length === 0) return { listed, adapters };
  const names = new Set(listed.models.map(({ name }) => name));
  const changed = await syncAdapters({ ...parts, client, engine }, adapters, names);
  return {
    listed: changed ? await listUpstream(client, engine.kind) : listed,
    adapters: await selectAdapters(parts.database, engine, engine.id),
  };
}

interface WantedModel {
  readonly upstream: UpstreamModel;
  readonly name: string;
  readonly mapping: ModelMapping | null;
}

function chooseModels(
  engine: RemoteEngine,
  listed: UpstreamList,
  adapters: readonly AdapterRecord[],
): { readonly wanted: readonly WantedModel[]; readonly problem: string | null } {
  const wanted: WantedModel[] = [];
  const names = new Set(engine.mapping.map(nameHere));
  let left = 0;
  let clash: string | null = null;
  for (const upstream of listed.models) {
    const mapping = engine.mapping.find((one) => one.upstream === upstream.name) ?? null;
    const name = nameHere(mapping ?? { upstream: upstream.name });
    if (mapping === null) {
      if (!engine.discover && !adapters.some((adapter) => adapter.name === upstream.name)) continue;
      if (name === '' || names.has(name)) {
        clash ??= `${upstream.name} has no name of its own here: map it to one`;
        continue;
      }
      if (wanted.length >= discoveryLimit) {
        left += 1;
        continue;
      }
      names.add(name);
    }
    wanted.push({ upstream, name, mapping });
  }
  const tooMany =
    left === 0 ? null : `it lists ${left} more models than are taken by themselves: declare those wanted`;
  return { wanted, problem: clash ?? tooMany };
}

async function factsOf(
  parts: ProbeParts,
  client: EngineClient,
  {
    one,
    listed,
    before,
  }: {
    readonly one: WantedModel;
    readonly listed: UpstreamList;
    readonly before: RemoteModel | undefined;
  },
): Promise<ModelFacts> {
  const { upstream, name, mapping } = one;
  const now = parts.clock.now();
  const fingerprint = createHash('sha256')
    .update(
      JSON.stringify([checksRevision, upstream.identity, listed.flavour, listed.version, name, mapping]),
    )
    .digest('hex');
  const fresh = before?.fingerprint === fingerprint && now - before.checkedAt.getTime() < recheckMs;
  // One that could not be served is tried again soon: its owner is mending it.
  if (before && fresh && (before.problem === null || now - before.checkedAt.getTime() < retryMs))
    return before;
  const checked = await checkModel(client, {
    upstream,
    name,
    task: mapping?.task ?? null,
    flavour: listed.flavour,
  });
  return {
    ...checked,
    upstreamName: upstream.name,
    modelName: name,
    serving: checked.problem === null,
    contextTokens: mapping?.contextTokens ?? upstream.contextTokens ?? unknownContextTokens,
    parameters: upstream.parameters ?? 0,
    parent: upstream.parent,
    fingerprint,
    checkedAt: new Date(now),
  };
}
