import { sql } from 'kysely';
import type { DatabaseOrTransaction, DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { AliasState } from './alias-state.ts';
import type { AliasTables } from './alias-tables.ts';
import { isFallbackKind } from './fallback-kind.ts';
import type { AliasScope } from './served-alias.ts';

/** An alias as it is now. */
export interface CurrentAlias {
  readonly state: AliasState;
  /** Counts its moves. */
  readonly revision: number;
}

/** Lets one move of an alias come after the other until the transaction ends, also of one that does not exist. */
export async function lockAlias(transaction: DatabaseTransaction, scope: Scope, name: string): Promise<void> {
  await lockName(transaction, `${scope.projectId}/${name}`);
}

/** The same for the name in the whole organization. Taken after the alias's own lock. */
export async function lockSharedName(
  transaction: DatabaseTransaction,
  scope: Scope,
  name: string,
): Promise<void> {
  await lockName(transaction, `${scope.organizationId}/${name}`);
}

async function lockName(transaction: DatabaseTransaction, key: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('samovar.registry.alias'), hashtext(${key}))`.execute(
    transaction,
  );
}

export async function modelExists(
  transaction: DatabaseTransaction,
  scope: Scope,
  name: string,
): Promise<boolean> {
  const found = await transaction
    .withTables<AliasTables>()
    .selectFrom('models')
    .select('id')
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('name', '=', name)
    .executeTakeFirst();
  return found !== undefined;
}

/** Whether another project of the organization shares an alias of this name. */
export async function isSharedElsewhere(
  transaction: DatabaseTransaction,
  scope: Scope,
  name: string,
): Promise<boolean> {
  const found = await transaction
    .withTables<AliasTables>()
    .selectFrom('model_aliases')
    .select('name')
    .where('organization_id', '=', scope.organizationId)
    .where('scope', '=', 'organization')
    .where('project_id', '<>', scope.projectId)
    .where('name', '=', name)
    .executeTakeFirst();
  return found !== undefined;
}

/** The project's own alias of this name. */
export async function findAlias(
  database: DatabaseOrTransaction,
  { projectId }: Scope,
  name: string,
): Promise<CurrentAlias | null> {
  const found = await findAliases(database, [{ projectId, name }]);
  return found.get(`${projectId}/${name}`) ?? null;
}

/** These aliases as they are now, under `${projectId}/${name}`. */
export async function findAliases(
  database: DatabaseOrTransaction,
  keys: readonly { readonly projectId: string; readonly name: string }[],
): Promise<ReadonlyMap<string, CurrentAlias>> {
  if (keys.length === 0) return new Map();
  const tables = database.withTables<AliasTables>();
  const asked = sql<boolean>`(project_id, name) in (select * from unnest(
    ${keys.map(({ projectId }) => projectId)}::uuid[], ${keys.map(({ name }) => name)}::text[]))`;
  const rows = await tables
    .with('asked', (own) => own.selectFrom('model_aliases').selectAll().where(asked))
    .selectFrom('asked as a')
    .innerJoin('models as m', 'm.id', 'a.model_id')
    .selectAll('a')
    .select('m.name as model')
    .execute();
  const stored = await tables
    .selectFrom('alias_targets as t')
    .innerJoin('models as m', 'm.id', 't.model_id')
    .select(['t.project_id', 't.alias', 't.role', 't.model_id', 't.version_id', 't.weight', 't.errors'])
    .select('m.name as model')
    .where(
      sql<boolean>`(t.project_id, t.alias) in (select * from unnest(
        ${keys.map(({ projectId }) => projectId)}::uuid[], ${keys.map(({ name }) => name)}::text[]))`,
    )
    .orderBy('t.place')
    .execute();
  const targetsOf = Map.groupBy(stored, (row) => `${row.project_id}/${row.alias}`);
  return new Map(
    rows.map((row) => {
      const key = `${row.project_id}/${row.name}`;
      return [key, { revision: Number(row.revision), state: stateOf(row, targetsOf.get(key) ?? []) }];
    }),
  );
}

interface TargetRow {
  readonly model_id: string;
  readonly model: string;
  readonly version_id: string | null;
}

function stateOf(
  row: TargetRow & {
    readonly scope: AliasScope;
    readonly description: string;
    readonly deprecated_at: Date | null;
    readonly sunset_at: Date | null;
    readonly successor: string | null;
  },
  stored: readonly (TargetRow & {
    readonly role: 'target' | 'fallback';
    readonly weight: number;
    readonly errors: readonly string[];
  })[],
): AliasState {
  const targets = stored.filter(({ role }) => role === 'target');
  return {
    // Without rows of its own, the alias means what its row says.
    targets: (targets.length > 0 ? targets : [{ ...row, weight: 100 }]).map((target) => ({
      ...targetOf(target),
      weight: target.weight,
    })),
    fallbacks: stored
      .filter(({ role }) => role === 'fallback')
      .map((fallback) => ({ ...targetOf(fallback), on: fallback.errors.filter(isFallbackKind) })),
    scope: row.scope,
    description: row.description,
    deprecation:
      row.deprecated_at === null
        ? null
        : {
            deprecatedAt: row.deprecated_at.toISOString(),
            sunsetAt: row.sunset_at?.toISOString() ?? null,
            successor: row.successor,
          },
  };
}

function targetOf(row: TargetRow) {
  return { modelId: row.model_id, model: row.model, versionId: row.version_id };
}

/** Puts an alias into the place of whatever had its name. */
export async function writeAlias(
  transaction: DatabaseTransaction,
  scope: Scope,
  alias: CurrentAlias & { readonly name: string; readonly changed: string },
): Promise<void> {
  const { name, state, revision, changed } = alias;
  const [first] = state.targets;
  if (!first) throw new Error('an alias without a target');
  const tables = transaction.withTables<AliasTables>();
  const columns = { organization_id: scope.organizationId, project_id: scope.projectId };
  const row = {
    model_id: first.modelId,
    version_id: first.versionId,
    updated_at: new Date(),
    scope: state.scope,
    description: state.description,
    deprecated_at: state.deprecation === null ? null : new Date(state.deprecation.deprecatedAt),
    sunset_at: state.deprecation?.sunsetAt ? new Date(state.deprecation.sunsetAt) : null,
    successor: state.deprecation?.successor ?? null,
    revision,
    changed,
  };
  await tables
    .insertInto('model_aliases')
    .values({ ...columns, name, ...row })
    .onConflict((conflict) => conflict.columns(['project_id', 'name']).doUpdateSet(row))
    .execute();
  await tables
    .deleteFrom('alias_targets')
    .where('project_id', '=', scope.projectId)
    .where('alias', '=', name)
    .execute();
  const common = { ...columns, alias: name };
  await tables
    .insertInto('alias_targets')
    .values([
      ...state.targets.map(({ modelId, versionId, weight }, place) => ({
        ...common,
        role: 'target' as const,
        place,
        model_id: modelId,
        version_id: versionId,
        weight,
        errors: [],
      })),
      ...state.fallbacks.map(({ modelId, versionId, on }, place) => ({
        ...common,
        role: 'fallback' as const,
        place,
        model_id: modelId,
        version_id: versionId,
        weight: 0,
        errors: [...on],
      })),
    ])
    .execute();
}

export async function deleteAlias(
  transaction: DatabaseTransaction,
  scope: Scope,
  name: string,
): Promise<void> {
  await transaction
    .withTables<AliasTables>()
    .deleteFrom('model_aliases')
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('name', '=', name)
    .execute();
}
