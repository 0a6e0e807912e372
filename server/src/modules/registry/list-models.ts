import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { type ExpressionBuilder, sql } from 'kysely';
import { SamovarError } from '../../kernel/errors.ts';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import { normalName } from './aliases/alias-name.ts';
import { currentFirst } from './current-first.ts';
import type { ImportProgress } from './import-progress.ts';
import type { VersionState } from './model-version.ts';
import type { RegistryTables } from './registry-tables.ts';

/** A model with the version that its name means: the newest ready one, else the newest. */
export interface ListedModel {
  readonly modelId: string;
  readonly versionId: string;
  readonly name: string;
  readonly ownedBy: string;
  readonly createdAt: Date;
  readonly deprecatedAt: Date | null;
  readonly archivedAt: Date | null;
  readonly successor: string | null;
  readonly state: VersionState;
  readonly manifest: ModelManifest;
  readonly sizeBytes: number;
  readonly aliases: readonly string[];
  readonly import: ImportProgress;
}

export interface ModelFilter {
  /** The models of these names, and those that aliases of these names point at first. */
  readonly called?: readonly string[];
  readonly task?: ModelManifest['task'];
  readonly state?: VersionState;
  /** Of the name, the title or a group. */
  readonly text?: string;
  /** Names that come after this one. */
  readonly after?: string;
  readonly limit?: number;
}

/** The models of a project by name, ready or not, with the progress of their import. */
export async function listModels(
  database: DatabaseOrTransaction,
  scope: Scope,
  filter: ModelFilter = {},
): Promise<readonly ListedModel[]> {
  const tables = database.withTables<RegistryTables>();
  const current = tables
    .selectFrom('model_versions as v')
    .innerJoin('models as m', 'm.id', 'v.model_id')
    .innerJoin('model_imports as i', 'i.version_id', 'v.id')
    .distinctOn('m.name')
    .selectAll('i')
    .select(['v.manifest', 'v.state', 'm.id as model_id', 'm.name', 'm.owned_by', 'm.created_at'])
    .select(['m.deprecated_at', 'm.archived_at', 'm.successor'])
    .where('m.organization_id', '=', scope.organizationId)
    .where('m.project_id', '=', scope.projectId)
    .$if(filter.called !== undefined, (query) =>
      query.where((from) => isCalled(from, scope, filter.called ?? [])),
    )
    .$if(filter.after !== undefined, (query) => query.where('m.name', '>', filter.after ?? ''))
    .orderBy('m.name')
    .orderBy(currentFirst);
  let query = tables
    .with('current', () => current)
    .selectFrom('current')
    .selectAll()
    .orderBy('name');
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.task !== undefined) query = query.where(sql<boolean>`manifest->>'task' = ${filter.task}`);
  if (filter.text !== undefined) {
    const pattern = `%${filter.text.replace(/[\\%_]/g, '\\$&')}%`;
    query = query.where(
      sql<boolean>`(name ilike ${pattern} or manifest->>'title' ilike ${pattern} or manifest->'groups' ? ${filter.text})`,
    );
  }
  if (filter.limit !== undefined) query = query.limit(filter.limit);
  const rows = await query.execute();
  const aliases = await aliasesOf(
    database,
    scope,
    rows.map((row) => row.model_id),
  );
  return rows.map((row) => ({
    modelId: row.model_id,
    versionId: row.version_id,
    name: row.name,
    ownedBy: row.owned_by,
    createdAt: row.created_at,
    deprecatedAt: row.deprecated_at,
    archivedAt: row.archived_at,
    successor: row.successor,
    state: row.state,
    manifest: row.manifest,
    sizeBytes: row.manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0),
    aliases: aliases.get(row.model_id) ?? [],
    import: {
      phase: row.phase,
      downloadedBytes: Number(row.downloaded_bytes),
      totalBytes: Number(row.total_bytes),
      bytesPerSecond: Number(row.bytes_per_second),
      attempt: Number(row.attempt),
      error: row.error,
      remedy: row.remedy,
      updatedAt: row.updated_at,
    },
  }));
}

/** The model of this name, or else the one that the alias of this name points at first. Throws `model.not_found`. */
export async function findListedModel(
  database: DatabaseOrTransaction,
  scope: Scope,
  name: string,
): Promise<ListedModel> {
  const models = await listModels(database, scope, { called: [name] });
  const found = models.find((model) => model.name === name) ?? models[0];
  if (found) return found;
  throw new SamovarError('model.not_found', { params: { model: name.slice(0, 256) } });
}

/** The models of these names, or else those that aliases of these names point at first; what is absent is not there. */
export async function findListedModels(
  database: DatabaseOrTransaction,
  scope: Scope,
  names: readonly string[],
): Promise<ReadonlyMap<string, ListedModel>> {
  const models = await listModels(database, scope, { called: names });
  const known = new Map(models.flatMap((model) => model.aliases.map((alias) => [alias, model])));
  for (const model of models) known.set(model.name, model);
  return new Map(
    names.flatMap((name) => {
      const model = known.get(name) ?? known.get(normalName(name));
      return model ? [[name, model]] : [];
    }),
  );
}

function isCalled(
  from: ExpressionBuilder<RegistryTables & { m: RegistryTables['models'] }, 'm'>,
  scope: Scope,
  names: readonly string[],
) {
  return from.or([
    from('m.name', '=', sql<string>`any (${[...names]}::text[])`),
    from(
      'm.id',
      'in',
      from
        .selectFrom('model_aliases')
        .select('model_id')
        .where('model_aliases.project_id', '=', scope.projectId)
        .where('model_aliases.name', '=', sql<string>`any (${names.map(normalName)}::text[])`),
    ),
  ]);
}

async function aliasesOf(
  database: DatabaseOrTransaction,
  scope: Scope,
  modelIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (modelIds.length === 0) return new Map();
  const rows = await database
    .withTables<RegistryTables>()
    .selectFrom('model_aliases')
    .select(['name', 'model_id'])
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('model_id', '=', sql<string>`any (${[...modelIds]}::uuid[])`)
    .orderBy('name')
    .execute();
  const grouped = Map.groupBy(rows, (row) => row.model_id);
  return new Map([...grouped].map(([id, group]) => [id, group.map(({ name }) => name)]));
}
