import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { sql } from 'kysely';
import { SamovarError } from '../../../kernel/errors.ts';
import { withoutPrefix } from '../../../kernel/ids.ts';
import type { DatabaseOrTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { currentFirst } from '../current-first.ts';
import type { VersionState } from '../model-version.ts';
import { notReady } from '../not-ready.ts';
import { normalName } from './alias-name.ts';
import type { AliasTarget } from './alias-state.ts';
import type { AliasTables } from './alias-tables.ts';

/** A target as a caller names it. */
export interface NamedTarget {
  /** A model, or an alias, which stands for its first target; `model@current` and `model@ver_…` say the version too. */
  readonly model: string;
  /** The id of one of its versions, or `current`: the one that answers now, for good; else whatever is its newest ready one. */
  readonly version?: string | null | undefined;
}

/** A target that exists, with what it is now. */
export interface FoundTarget extends AliasTarget {
  readonly task: ModelManifest['task'];
  /** The version that answers for it now, whatever its state. */
  readonly answeringVersionId: string;
  readonly state: VersionState;
}

/** The target of this name in the project. Throws `model.not_found`, `model.archived` or `request.invalid`. */
export async function findTarget(
  database: DatabaseOrTransaction,
  scope: Scope,
  { model, version = null }: NamedTarget,
): Promise<FoundTarget> {
  const named = await findModelId(database, scope, model);
  if (named === null) {
    const written = version === null ? writtenVersion(model) : null;
    if (written === null) throw notFound(model);
    return await findTarget(database, scope, written);
  }
  const asked = version === 'current' ? null : version;
  const versionId = asked ?? (named.name === model ? null : named.versionId);
  const found = await describeTarget(database, scope, { modelId: named.modelId, versionId });
  // It was deleted since it was found: no version was asked for.
  if (found === null && versionId === null) throw notFound(model);
  if (found === null)
    throw new SamovarError('request.invalid', {
      params: { parameter: 'version', reason: `the model \`${named.name}\` has no such version.` },
      field: 'version',
    });
  if (found === 'archived')
    throw new SamovarError('model.archived', { params: { model: named.name, instead: '' }, field: 'model' });
  return version === 'current' ? { ...found, versionId: found.answeringVersionId } : found;
}

/** `model@current` and `model@ver_…`, which are no names of their own; `null` for every other text. */
function writtenVersion(text: string): Required<NamedTarget> | null {
  const [, model, written] = /^(.+)@(current|ver_[0-9a-f]+)$/.exec(text) ?? [];
  if (model === undefined || written === undefined) return null;
  const version = written === 'current' ? written : withoutPrefix('ver', written);
  return version === null ? null : { model, version };
}

function notFound(model: string): SamovarError {
  return new SamovarError('model.not_found', { params: { model: model.slice(0, 256) }, field: 'model' });
}

/** The same, of what can answer now. Throws also what is in the way of one that cannot. */
export async function findReadyTarget(
  database: DatabaseOrTransaction,
  scope: Scope,
  named: NamedTarget,
): Promise<FoundTarget> {
  const found = await findTarget(database, scope, named);
  if (found.state !== 'ready') throw notReady(found.model, found.state, 'model');
  return found;
}

async function findModelId(database: DatabaseOrTransaction, scope: Scope, name: string) {
  const tables = database.withTables<AliasTables>();
  const model = await tables
    .selectFrom('models')
    .select(['id as modelId', 'name', sql<string | null>`null`.as('versionId')])
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('name', '=', name)
    .executeTakeFirst();
  if (model) return model;
  const alias = await tables
    .selectFrom('model_aliases as a')
    .innerJoin('models as m', 'm.id', 'a.model_id')
    .select(['m.id as modelId', 'm.name', 'a.version_id as versionId'])
    .where('a.organization_id', '=', scope.organizationId)
    .where('a.project_id', '=', scope.projectId)
    .where('a.name', '=', normalName(name))
    .executeTakeFirst();
  return alias ?? null;
}

export type TargetFacts = FoundTarget | 'archived' | null;

/** What a target is now; `null` when there is no such model or version. */
export async function describeTarget(
  database: DatabaseOrTransaction,
  scope: Pick<Scope, 'organizationId'>,
  target: Pick<AliasTarget, 'modelId' | 'versionId'>,
): Promise<TargetFacts> {
  const [facts] = await describeTargets(database, scope, [target]);
  return facts ?? null;
}

/** The same of many at once, in their order; of any project of the organization. */
export async function describeTargets(
  database: DatabaseOrTransaction,
  { organizationId }: Pick<Scope, 'organizationId'>,
  targets: readonly Pick<AliasTarget, 'modelId' | 'versionId'>[],
): Promise<readonly TargetFacts[]> {
  if (targets.length === 0) return [];
  const rows = await database
    .withTables<AliasTables>()
    .selectFrom('model_versions as v')
    .innerJoin('models as m', 'm.id', 'v.model_id')
    .select(['m.id as modelId', 'm.name', 'm.archived_at', 'v.id', 'v.state'])
    .select('v.archived_at as version_archived_at')
    .select(sql<ModelManifest['task']>`v.manifest ->> 'task'`.as('task'))
    .where('v.organization_id', '=', organizationId)
    .where('v.model_id', 'in', [...new Set(targets.map(({ modelId }) => modelId))])
    .orderBy(currentFirst)
    .execute();
  // The first of a model is the one that its name means.
  const versions = new Map<string, (typeof rows)[number]>();
  for (const row of rows) {
    if (!versions.has(row.modelId)) versions.set(row.modelId, row);
    versions.set(`${row.modelId} ${row.id}`, row);
  }
  return targets.map(({ modelId, versionId }) => {
    const row = versions.get(versionId === null ? modelId : `${modelId} ${versionId}`);
    if (!row) return null;
    if (row.archived_at !== null || row.version_archived_at !== null) return 'archived';
    const { name, id, state, task } = row;
    return { modelId, model: name, versionId, task, answeringVersionId: id, state };
  });
}
