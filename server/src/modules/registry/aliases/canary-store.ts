import { sql } from 'kysely';
import { newId } from '../../../kernel/ids.ts';
import type { DatabaseOrTransaction, DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { AliasTables } from './alias-tables.ts';
import {
  type Canary,
  type CanaryPlan,
  type CanarySides,
  type CanaryState,
  type CanaryView,
  usualQuietRule,
} from './canary.ts';

const columns = [
  'id',
  'state',
  'plan',
  'sides',
  'step',
  'step_started_at',
  'seen',
  'reason',
  'started_at',
  'ended_at',
] as const;

/** A canary with the alias that it is of. */
export interface StoredCanary {
  readonly scope: Scope;
  readonly alias: string;
  readonly canary: Canary;
}

export async function insertCanary(
  transaction: DatabaseTransaction,
  scope: Scope,
  canary: { readonly alias: string; readonly plan: CanaryPlan; readonly sides: CanarySides },
): Promise<string> {
  const id = newId();
  await transaction
    .withTables<AliasTables>()
    .insertInto('alias_canaries')
    .values({
      id,
      organization_id: scope.organizationId,
      project_id: scope.projectId,
      alias: canary.alias,
      plan: JSON.stringify(canary.plan),
      sides: JSON.stringify(canary.sides),
    })
    .execute();
  return id;
}

/** The last canary of each of these aliases, under `${projectId}/${alias}`. */
export async function lastCanaries(
  database: DatabaseOrTransaction,
  aliases: readonly { readonly projectId: string; readonly alias: string }[],
): Promise<ReadonlyMap<string, Canary>> {
  if (aliases.length === 0) return new Map();
  const rows = await database
    .withTables<AliasTables>()
    .selectFrom('alias_canaries')
    .select([...columns, 'project_id', 'alias'])
    .distinctOn(['project_id', 'alias'])
    .where(
      sql<boolean>`(project_id, alias) in (select * from unnest(
        ${aliases.map(({ projectId }) => projectId)}::uuid[], ${aliases.map(({ alias }) => alias)}::text[]))`,
    )
    .orderBy('project_id')
    .orderBy('alias')
    .orderBy('started_at', 'desc')
    .execute();
  return new Map(rows.map((row) => [`${row.project_id}/${row.alias}`, canaryOf(row)]));
}

/** All canaries that run, of all projects. */
export async function runningCanaries(database: DatabaseOrTransaction): Promise<readonly StoredCanary[]> {
  const rows = await database
    .withTables<AliasTables>()
    .selectFrom('alias_canaries')
    .select([...columns, 'alias', 'organization_id', 'project_id'])
    .where('state', '=', 'running')
    .orderBy('started_at')
    .execute();
  return rows.map((row) => ({
    scope: { organizationId: row.organization_id, projectId: row.project_id },
    alias: row.alias,
    canary: canaryOf(row),
  }));
}

/** A canary as it is now, if it still runs; locked until the transaction ends. Call it with the alias's lock. */
export async function lockRunning(transaction: DatabaseTransaction, id: string): Promise<Canary | null> {
  const row = await transaction
    .withTables<AliasTables>()
    .selectFrom('alias_canaries')
    .select([...columns])
    .where('id', '=', id)
    .where('state', '=', 'running')
    .forUpdate()
    .executeTakeFirst();
  return row ? canaryOf(row) : null;
}

/** Ends the canary of an alias that runs; says whether one did. */
export async function endCanary(
  transaction: DatabaseTransaction,
  scope: Scope,
  alias: string,
  end: { readonly state: Exclude<CanaryState, 'running'>; readonly reason: string },
): Promise<boolean> {
  const ended = await transaction
    .withTables<AliasTables>()
    .updateTable('alias_canaries')
    .set({ state: end.state, reason: end.reason, ended_at: sql<Date>`now()` })
    .where('project_id', '=', scope.projectId)
    .where('alias', '=', alias)
    .where('state', '=', 'running')
    .returning('id')
    .executeTakeFirst();
  return ended !== undefined;
}

export async function writeSeen(
  transaction: DatabaseTransaction,
  id: string,
  seen: CanaryView,
): Promise<void> {
  await transaction
    .withTables<AliasTables>()
    .updateTable('alias_canaries')
    .set({ seen: JSON.stringify(seen) })
    .where('id', '=', id)
    .execute();
}

export async function writeStep(transaction: DatabaseTransaction, id: string, step: number): Promise<void> {
  await transaction
    .withTables<AliasTables>()
    .updateTable('alias_canaries')
    .set({ step, step_started_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .execute();
}

interface CanaryRow {
  readonly id: string;
  readonly state: CanaryState;
  readonly plan: CanaryPlan;
  readonly sides: CanarySides;
  readonly step: number;
  readonly step_started_at: Date;
  readonly seen: CanaryView | null;
  readonly reason: string | null;
  readonly started_at: Date;
  readonly ended_at: Date | null;
}

function canaryOf(row: CanaryRow): Canary {
  return {
    ...row.plan,
    // The release before this one wrote none.
    limits: { ...usualQuietRule, ...row.plan.limits },
    ...row.sides,
    id: row.id,
    state: row.state,
    step: row.step,
    stepStartedAt: row.step_started_at,
    seen: row.seen,
    reason: row.reason,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}
