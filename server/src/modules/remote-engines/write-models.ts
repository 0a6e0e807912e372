import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import { findCurrentVersion } from '../registry/index.ts';
import { appendEngineEvent } from './engine-events.ts';
import {
  deleteModel,
  type ModelOfEngine,
  selectModelsNamed,
  selectModelsOf,
  writeModel,
} from './model-rows.ts';
import type { ModelFacts, RemoteEngine } from './remote-engine.ts';

/** What a probe has changed of an engine's models. */
export interface WrittenModels {
  readonly changed: boolean;
  /** Names whose meaning may have changed. */
  readonly names: ReadonlySet<string>;
  readonly problems: readonly string[];
}

/** Writes the models that a probe has found, and forgets those that are gone. */
export async function writeModels(
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
