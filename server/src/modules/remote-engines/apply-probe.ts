import { sql } from 'kysely';
import type { ConfigVersion } from '../../kernel/ports/config-version.ts';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import { systemAuditContext } from '../audit/index.ts';
import { findCurrentVersion } from '../registry/index.ts';
import { appendEngineEvent } from './engine-events.ts';
import {
  type EngineEvent,
  type EngineState,
  missedEvent,
  nextEngineState,
  probePauseSeconds,
  takesRequests,
} from './engine-state.ts';
import { engineOf, updateEngine } from './engine-store.ts';
import {
  deleteModel,
  lockModelNames,
  type ModelOfEngine,
  selectModelsNamed,
  selectModelsOf,
  writeModel,
} from './model-rows.ts';
import type { ProbeOutcome } from './probe/probe-engine.ts';
import { publishModel } from './publish-models.ts';
import type { ModelFacts, RemoteEngine } from './remote-engine.ts';
import type { RemoteTables } from './remote-tables.ts';

/**
 * Writes what a probe has found out, in one transaction: state, models, versions and events. Nothing when the
 * connection was changed or removed meanwhile, or when another process probes it by now.
 */
export async function applyProbe(
  transaction: DatabaseTransaction,
  configVersion: ConfigVersion,
  probed: RemoteEngine,
  token: string,
  outcome: ProbeOutcome,
): Promise<void> {
  const row = await transaction
    .withTables<RemoteTables>()
    .selectFrom('remote_engines')
    .selectAll()
    .where('id', '=', probed.id)
    .where('probe_token', '=', token)
    .forUpdate()
    .executeTakeFirst();
  if (!row) return;
  const engine = engineOf(row);
  if (engine.revision !== probed.revision) {
    await updateEngine(transaction, engine, engine.id, { probe_token: null, probe_until: null });
    return;
  }
  if (outcome.kind === 'answered') await lockModelNames(transaction, engine);
  const found = outcome.kind === 'answered' ? await writeModels(transaction, engine, outcome.models) : null;
  const state = await writeState(transaction, engine, outcome, found?.problems ?? []);
  const context = systemAuditContext(engine, 'remote-engines');
  for (const name of found?.names ?? []) await publishModel(transaction, configVersion, context, name);
  const flavourChanged = outcome.kind === 'answered' && outcome.flavour !== engine.flavour;
  const isSeen = takesRequests(state) || takesRequests(engine.state);
  if (isSeen && (takesRequests(state) !== takesRequests(engine.state) || found?.changed || flavourChanged))
    await configVersion.bump(transaction, 'replicas');
}

async function writeState(
  transaction: DatabaseTransaction,
  engine: RemoteEngine,
  outcome: ProbeOutcome,
  problems: readonly string[],
): Promise<EngineState> {
  const missed = outcome.kind === 'missed' ? engine.missedProbes + 1 : 0;
  const told =
    outcome.kind === 'missed'
      ? [outcome.reason]
      : [...(outcome.problem ? [outcome.problem] : []), ...problems];
  const reason = told.length === 0 ? null : told.join('; ');
  const event: EngineEvent =
    outcome.kind === 'missed' ? missedEvent(missed) : reason === null ? 'good' : 'partial';
  const state = nextEngineState(engine.state, event);
  const now = sql<Date>`now()`;
  await transaction
    .withTables<RemoteTables>()
    .updateTable('remote_engines')
    .set({
      state,
      reason,
      missed_probes: missed,
      probed_at: now,
      next_probe_at: sql<Date>`now() + make_interval(secs => ${probePauseSeconds(missed)})`,
      probe_token: null,
      probe_until: null,
      ...(state === engine.state ? {} : { since: now }),
      ...(outcome.kind === 'answered' ? { flavour: outcome.flavour, engine_version: outcome.version } : {}),
    })
    .where('id', '=', engine.id)
    .execute();
  if (state !== engine.state || reason !== engine.reason)
    await appendEngineEvent(
      transaction,
      engine,
      'state',
      `${engine.state} → ${state}${reason === null ? '' : `: ${reason}`}`,
    );
  return state;
}

interface WrittenModels {
  readonly changed: boolean;
  /** Names whose meaning may have changed. */
  readonly names: ReadonlySet<string>;
  readonly problems: readonly string[];
}

async function writeModels(
  transaction: DatabaseTransaction,
  engine: RemoteEngine,
  facts: readonly ModelFacts[],
): Promise<WrittenModels> {
  const before = await selectModelsOf(transaction, engine, [engine.id]);
  const names = new Set<string>();
  const problems: string[] = [];
  let changed = false;
  for (const fact of facts) {
    const known = before.find(({ upstreamName }) => upstreamName === fact.upstreamName);
    const placed = await placeModel(transaction, engine, fact, known ?? null);
    if (placed.problem !== null && placed.problem !== fact.problem)
      problems.push(`${fact.upstreamName} is not served: ${placed.problem}`);
    if (!known || differs(known, placed)) {
      changed = true;
      names.add(placed.modelName);
      if (known) names.add(known.modelName);
    } else if (placed.serving && !placed.isPublished) names.add(placed.modelName);
    await writeModel(transaction, engine, placed);
    if (!known || known.serving !== placed.serving)
      await appendEngineEvent(
        transaction,
        engine,
        'model',
        placed.serving
          ? `${placed.upstreamName} is served as ${placed.modelName} (${placed.lane})`
          : `${placed.upstreamName} is not served: ${placed.problem ?? 'unknown'}`,
      );
  }
  for (const gone of before.filter(
    (one) => !facts.some(({ upstreamName }) => upstreamName === one.upstreamName),
  )) {
    changed = true;
    names.add(gone.modelName);
    await deleteModel(transaction, engine, gone.id);
    await appendEngineEvent(transaction, engine, 'model', `${gone.upstreamName} is gone`);
  }
  return { changed, names, problems };
}

type PlacedModel = ModelFacts & {
  readonly joinedVersionId: string | null;
  /** False: its name means nothing, for the first time or because somebody deleted the model. */
  readonly isPublished: boolean;
};

/** Where a model belongs under its name here, or why it cannot have that name. */
async function placeModel(
  transaction: DatabaseTransaction,
  engine: RemoteEngine,
  facts: ModelFacts,
  known: ModelOfEngine | null,
): Promise<PlacedModel> {
  const mapping = engine.mapping.find(({ upstream }) => upstream === facts.upstreamName) ?? null;
  const refuse = (problem: string): PlacedModel => ({
    ...facts,
    serving: false,
    problem,
    joinedVersionId: null,
    isPublished: true,
  });
  if (facts.problem !== null)
    return { ...facts, joinedVersionId: known?.joinedVersionId ?? null, isPublished: true };
  const current = await findCurrentVersion(transaction, engine, facts.modelName);
  if (current && current.manifest.engine !== 'remote') {
    if (mapping?.join !== true)
      return refuse(
        `${facts.modelName} is a model of this installation: map it to another name, or say that it joins that one`,
      );
    if (current.manifest.task !== facts.task)
      return refuse(`${facts.modelName} does ${current.manifest.task}`);
    const joinedVersionId = known?.joinedVersionId ?? (current.state === 'ready' ? current.versionId : null);
    return joinedVersionId === null
      ? refuse(`${facts.modelName} is not ready here yet`)
      : { ...facts, joinedVersionId, isPublished: true };
  }
  const others = (await selectModelsNamed(transaction, engine, facts.modelName)).filter(
    (other) => other.engineId !== engine.id && other.serving,
  );
  const stranger = others.find(({ upstreamName }) => upstreamName !== facts.upstreamName);
  if (stranger && mapping === null)
    return refuse(
      `${facts.modelName} is what another engine calls ${stranger.upstreamName}: map it to say that they are one`,
    );
  const unlike = others.find((other) => other.task !== facts.task || other.dimensions !== facts.dimensions);
  if (unlike) return refuse(`${facts.modelName} is served by another engine with another task or size`);
  return { ...facts, joinedVersionId: null, isPublished: current !== null };
}

/** What callers could notice of a model. */
const noticed = [
  ...(['modelName', 'serving', 'task', 'lane', 'contextTokens', 'parameters', 'capabilities'] as const),
  ...(['answersAs', 'dimensions', 'parent', 'joinedVersionId'] as const),
];

function differs(known: ModelOfEngine, placed: PlacedModel): boolean {
  return noticed.some((name) => JSON.stringify(known[name]) !== JSON.stringify(placed[name]));
}
