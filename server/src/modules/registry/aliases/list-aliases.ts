import { sql } from 'kysely';
import { invalidCursor, type Page, type PageRequest, pageOf } from '../../../kernel/paging.ts';
import type { DatabaseOrTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { normalName } from './alias-name.ts';
import type { AliasState } from './alias-state.ts';
import { findAliases } from './alias-store.ts';
import type { AliasTables } from './alias-tables.ts';
import type { Canary } from './canary.ts';
import { lastCanaries } from './canary-store.ts';
import { noSuchAlias } from './change-alias.ts';
import { describeTargets, type TargetFacts } from './find-target.ts';
import type { AliasScope } from './served-alias.ts';

/** What a target is now. */
export interface TargetNow {
  /** The version that answers for it; `null`: none can. */
  readonly answeringVersionId: string | null;
  readonly state: 'ready' | 'registered' | 'importing' | 'failed' | 'archived' | 'gone';
}

export interface ListedAlias extends AliasState {
  readonly name: string;
  /** The project whose it is. */
  readonly projectId: string;
  /** False: another project of the organization shares it. */
  readonly own: boolean;
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** By the places of the targets, then of the fallbacks. */
  readonly now: readonly TargetNow[];
  /** The last one; it may have ended. */
  readonly canary: Canary | null;
}

export interface AliasFilter {
  readonly scope?: AliasScope | undefined;
  /** Only aliases that point at this model, as target or fallback. */
  readonly model?: string | undefined;
  readonly deprecated?: boolean | undefined;
  /** With a canary that runs, or without one. */
  readonly canary?: boolean | undefined;
}

interface AliasKey {
  readonly name: string;
  readonly project_id: string;
  readonly organization_id: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** The aliases of a project and those that its organization shares, by name; the project's own first. */
export async function listAliases(
  database: DatabaseOrTransaction,
  scope: Scope,
  filter: AliasFilter,
  page: PageRequest,
): Promise<Page<ListedAlias>> {
  const after = page.cursor === null ? null : readCursor(page.cursor);
  let query = visible(database, scope)
    .orderBy('a.name')
    .orderBy(sql`a.project_id <> ${scope.projectId}`)
    .limit(page.limit + 1);
  if (after !== null)
    query = query.where(
      sql<boolean>`(a.name, a.project_id <> ${scope.projectId}) > (${after.name}, ${after.shared})`,
    );
  if (filter.scope !== undefined) query = query.where('a.scope', '=', filter.scope);
  if (filter.deprecated !== undefined)
    query = query.where('a.deprecated_at', filter.deprecated ? 'is not' : 'is', null);
  if (filter.model !== undefined)
    query = query.where(sql<boolean>`exists (
      select from ${sql.table('models')} m where m.name = ${filter.model} and m.project_id = a.project_id
        and (m.id = a.model_id or exists (select from ${sql.table('alias_targets')} t
          where t.project_id = a.project_id and t.alias = a.name and t.model_id = m.id)))`);
  if (filter.canary !== undefined)
    query = query.where(sql<boolean>`${filter.canary} = exists (
      select from ${sql.table('alias_canaries')} c
      where c.project_id = a.project_id and c.alias = a.name and c.state = 'running')`);
  const keys = pageOf(await query.execute(), page, (last) =>
    writeCursor(last.name, last.project_id !== scope.projectId),
  );
  return { items: await describe(database, scope, keys.items), nextCursor: keys.nextCursor };
}

/** The alias that this name means in the project: its own, else the organization's. Throws `request.not_found`. */
export async function getAlias(
  database: DatabaseOrTransaction,
  scope: Scope,
  name: string,
): Promise<ListedAlias> {
  const key = await visible(database, scope)
    .where('a.name', '=', normalName(name))
    .orderBy(sql`a.project_id <> ${scope.projectId}`)
    .executeTakeFirst();
  if (!key) throw noSuchAlias(name);
  const [alias] = await describe(database, scope, [key]);
  if (!alias) throw noSuchAlias(name);
  return alias;
}

function visible(database: DatabaseOrTransaction, scope: Scope) {
  return database
    .withTables<AliasTables>()
    .selectFrom('model_aliases as a')
    .select(['a.name', 'a.project_id', 'a.organization_id', 'a.created_at', 'a.updated_at'])
    .where('a.organization_id', '=', scope.organizationId)
    .where(({ eb, or }) =>
      or([eb('a.project_id', '=', scope.projectId), eb('a.scope', '=', 'organization')]),
    );
}

/** Everything about these aliases; one that was removed meanwhile is left out. */
async function describe(
  database: DatabaseOrTransaction,
  scope: Scope,
  keys: readonly AliasKey[],
): Promise<ListedAlias[]> {
  const aliases = await findAliases(
    database,
    keys.map(({ project_id, name }) => ({ projectId: project_id, name })),
  );
  const found = keys.flatMap((key) => {
    const current = aliases.get(`${key.project_id}/${key.name}`);
    return current
      ? [{ key, ...current, targets: [...current.state.targets, ...current.state.fallbacks] }]
      : [];
  });
  const facts = await describeTargets(
    database,
    scope,
    found.flatMap(({ targets }) => targets),
  );
  const canaries = await lastCanaries(
    database,
    found.map(({ key }) => ({ projectId: key.project_id, alias: key.name })),
  );
  let place = 0;
  return found.map(({ key, state, revision, targets }) => ({
    ...state,
    name: key.name,
    projectId: key.project_id,
    own: key.project_id === scope.projectId,
    revision,
    createdAt: key.created_at,
    updatedAt: key.updated_at,
    now: targets.map(() => {
      place += 1;
      return targetNow(facts[place - 1] ?? null);
    }),
    canary: canaries.get(`${key.project_id}/${key.name}`) ?? null,
  }));
}

function targetNow(found: TargetFacts): TargetNow {
  if (found === null) return { answeringVersionId: null, state: 'gone' };
  if (found === 'archived') return { answeringVersionId: null, state: 'archived' };
  const { state, answeringVersionId } = found;
  return { state, answeringVersionId: state === 'ready' ? answeringVersionId : null };
}

function writeCursor(name: string, shared: boolean): string {
  return Buffer.from(JSON.stringify([name, shared])).toString('base64url');
}

function readCursor(cursor: string): { readonly name: string; readonly shared: boolean } {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'boolean')
      return { name: value[0], shared: value[1] };
  } catch (error) {
    throw invalidCursor(error);
  }
  throw invalidCursor();
}
