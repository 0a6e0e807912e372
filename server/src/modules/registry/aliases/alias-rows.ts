import { sql } from 'kysely';
import type { DatabaseOrTransaction } from '../../../kernel/ports/database.ts';
import type { AliasTables } from './alias-tables.ts';

/** One target or fallback of an alias as it is stored. */
export interface StoredTarget {
  readonly role: 'target' | 'fallback';
  readonly model_id: string;
  readonly version_id: string | null;
  readonly weight: number;
  readonly errors: readonly string[];
}

/** An alias as it is stored. Without targets, its own row is its only one. */
export type StoredAlias = Awaited<ReturnType<typeof selectAliases>>[number];

/** Numbers of `config_version.aliases`: changes after the one, up to the other. */
export interface AliasChanges {
  readonly since: string;
  readonly until: string;
}

/** All aliases of all projects, or those whose last change is one of these. */
export async function selectAliases(database: DatabaseOrTransaction, range: AliasChanges | null) {
  const tables = database.withTables<AliasTables>();
  return await tables
    .selectFrom('model_aliases as a')
    .select([
      'a.organization_id',
      'a.project_id',
      'a.name',
      'a.scope',
      'a.model_id',
      'a.version_id',
      'a.deprecated_at',
      'a.sunset_at',
      'a.successor',
    ])
    .select(({ selectFrom }) =>
      selectFrom('alias_targets as t')
        .select(
          sql<
            readonly StoredTarget[] | null
          >`json_agg(json_build_object('role', t.role, 'model_id', t.model_id,
            'version_id', t.version_id, 'weight', t.weight, 'errors', t.errors) order by t.role desc, t.place)`.as(
            'targets',
          ),
        )
        .whereRef('t.project_id', '=', 'a.project_id')
        .whereRef('t.alias', '=', 'a.name')
        .as('targets'),
    )
    .$if(range !== null, (query) =>
      query.where('a.changed', '>', range?.since ?? '0').where('a.changed', '<=', range?.until ?? '0'),
    )
    .execute();
}

/** Aliases that were removed by one of these changes; some may be back. */
export async function selectRemovedAliases(database: DatabaseOrTransaction, range: AliasChanges) {
  return await database
    .withTables<AliasTables>()
    .selectFrom('alias_moves')
    .select(['organization_id', 'project_id', 'alias'])
    .where('action', '=', 'remove')
    .where('changed', '>', range.since)
    .where('changed', '<=', range.until)
    .execute();
}
