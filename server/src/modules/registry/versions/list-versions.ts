import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { sql } from 'kysely';
import { SamovarError } from '../../../kernel/errors.ts';
import { withoutPrefix, withPrefix } from '../../../kernel/ids.ts';
import { idOfCursor, invalidCursor, type Page, type PageRequest, pageOf } from '../../../kernel/paging.ts';
import type { DatabaseOrTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { currentFirst } from '../current-first.ts';
import type { VersionState } from '../model-version.ts';
import type { RegistryTables } from '../registry-tables.ts';

/** One of a model's versions. */
export interface ModelVersion {
  readonly versionId: string;
  readonly modelId: string;
  readonly modelName: string;
  /** SHA-256 of the manifest. */
  readonly digest: string;
  readonly manifest: ModelManifest;
  readonly state: VersionState;
  /** What the model's name means. */
  readonly current: boolean;
  readonly createdAt: Date;
  readonly readyAt: Date | null;
  readonly archivedAt: Date | null;
  /** Names of aliases that point at this very version. */
  readonly aliases: readonly string[];
}

export interface VersionFilter {
  /** The model that they are of: without it there are none. */
  readonly model: string;
  readonly state?: VersionState;
  readonly engine?: ModelManifest['engine'];
  /** As the manifest spells it, in capitals or not. */
  readonly quantization?: string;
  readonly archived?: boolean;
}

/** A page of the versions of a model, what its name means first. Empty where there is no such model. */
export async function pageVersions(
  database: DatabaseOrTransaction,
  scope: Scope,
  filter: VersionFilter,
  page: PageRequest,
): Promise<Page<ModelVersion>> {
  const ids = await orderedIds(database, scope, filter);
  const behind = idOfCursor('ver', page);
  const start = behind === null ? 0 : ids.findIndex(({ id }) => id === behind) + 1;
  if (behind !== null && start === 0) throw invalidCursor();
  const some = ids.slice(start).filter(({ wanted }) => wanted);
  const { items, nextCursor } = pageOf(some, page, ({ id }) => withPrefix('ver', id));
  return { items: await describe(database, scope, items, ids[0]?.id ?? null), nextCursor };
}

/** The ids of all of a model's versions, what its name means first, and whether the rest of the filter lets them through. */
async function orderedIds(
  database: DatabaseOrTransaction,
  scope: Scope,
  { model, state, engine, quantization, archived }: VersionFilter,
): Promise<readonly { readonly id: string; readonly wanted: boolean }[]> {
  const wanted = [
    ...(state === undefined ? [] : [sql`v.state = ${state}`]),
    ...(engine === undefined ? [] : [sql`v.manifest->>'engine' = ${engine}`]),
    ...(quantization === undefined ? [] : [sql`lower(v.manifest->>'quantization') = lower(${quantization})`]),
    ...(archived === undefined ? [] : [sql`(v.archived_at is not null) = ${archived}`]),
  ];
  return await database
    .withTables<RegistryTables>()
    .selectFrom('model_versions as v')
    .innerJoin('models as m', 'm.id', 'v.model_id')
    .select('v.id')
    .select(sql<boolean>`${sql.join([sql`true`, ...wanted], sql` and `)}`.as('wanted'))
    .where('m.organization_id', '=', scope.organizationId)
    .where('m.project_id', '=', scope.projectId)
    .where('m.name', '=', model)
    .orderBy(currentFirst)
    .execute();
}

/** These versions, in their order. */
async function describe(
  database: DatabaseOrTransaction,
  scope: Scope,
  wanted: readonly { readonly id: string }[],
  currentId: string | null,
): Promise<readonly ModelVersion[]> {
  const ids = wanted.map(({ id }) => id);
  const tables = database.withTables<RegistryTables>();
  const rows = await tables
    .selectFrom('model_versions as v')
    .innerJoin('models as m', 'm.id', 'v.model_id')
    .select(['v.id', 'v.model_id', 'm.name', 'v.manifest_sha256', 'v.manifest', 'v.state'])
    .select(['v.created_at', 'v.ready_at', 'v.archived_at'])
    .where('v.project_id', '=', scope.projectId)
    .where('v.id', '=', sql<string>`any (${ids}::uuid[])`)
    .execute();
  const aliases = await tables
    .selectFrom('model_aliases')
    .select(['name', 'version_id'])
    .where('project_id', '=', scope.projectId)
    .where('version_id', '=', sql<string>`any (${ids}::uuid[])`)
    .orderBy('name')
    .execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => {
    const row = byId.get(id);
    if (row === undefined) return [];
    return {
      versionId: row.id,
      modelId: row.model_id,
      modelName: row.name,
      digest: row.manifest_sha256,
      manifest: row.manifest,
      state: row.state,
      current: id === currentId,
      createdAt: row.created_at,
      readyAt: row.ready_at,
      archivedAt: row.archived_at,
      aliases: aliases.filter(({ version_id }) => version_id === id).map(({ name }) => name),
    };
  });
}

/** A version by its id as surfaces spell it, or by its number from the top: `latest`. Throws `request.not_found`. */
export async function getVersion(
  database: DatabaseOrTransaction,
  scope: Scope,
  { model, version }: { readonly model: string; readonly version: string },
): Promise<ModelVersion> {
  const ids = await orderedIds(database, scope, { model });
  const bare = withoutPrefix('ver', version);
  const wanted = version === 'latest' ? ids[0] : ids.find(({ id }) => id === bare);
  const [found] = wanted ? await describe(database, scope, [wanted], ids[0]?.id ?? null) : [];
  if (found) return found;
  throw new SamovarError('request.not_found', {
    params: { kind: `version of the model ${model.slice(0, 128)}`, id: version.slice(0, 128) },
  });
}
