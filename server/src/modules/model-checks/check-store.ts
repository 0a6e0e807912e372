import { type Selectable, sql } from 'kysely';
import type { DatabaseOrTransaction, DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { Actor } from '../audit/index.ts';
import type { MeasuredSetup } from '../serving/index.ts';
import type { CheckTables } from './check-tables.ts';
import {
  type CheckFailure,
  type CheckKind,
  type CheckResult,
  type CheckState,
  type ModelCheck,
  type SpeedWish,
  statesBefore,
} from './model-check.ts';

export interface NewCheck extends Scope {
  readonly id: string;
  readonly versionId: string;
  readonly modelName: string;
  readonly kind: CheckKind;
  readonly wanted: SpeedWish | null;
  readonly actor: Actor;
}

/** Inserts a check; false when the version has an open one of this kind. */
export async function insertCheck(transaction: DatabaseTransaction, check: NewCheck): Promise<boolean> {
  const row = await transaction
    .withTables<CheckTables>()
    .insertInto('model_checks')
    .values({
      id: check.id,
      organization_id: check.organizationId,
      project_id: check.projectId,
      version_id: check.versionId,
      model_name: check.modelName,
      kind: check.kind,
      state: 'queued',
      wanted: JSON.stringify(check.wanted),
      actor_kind: check.actor.kind,
      actor_id: check.actor.id,
      step: null,
    })
    .onConflict((conflict) =>
      conflict.columns(['version_id', 'kind']).where('state', 'in', ['queued', 'running']).doNothing(),
    )
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

export interface CheckSelection {
  readonly versionIds: readonly string[];
  readonly kind: CheckKind;
  readonly state?: CheckState | undefined;
  /** Only those that are older than this one. */
  readonly before?: string | null;
  readonly limit: number;
}

/** The latest checks of versions, newest first. */
export async function selectChecks(
  database: DatabaseOrTransaction,
  scope: Scope,
  { versionIds, kind, state, before = null, limit }: CheckSelection,
): Promise<ModelCheck[]> {
  if (versionIds.length === 0) return [];
  let query = database
    .withTables<CheckTables>()
    .selectFrom('model_checks')
    .selectAll()
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('version_id', 'in', [...versionIds])
    .where('kind', '=', kind)
    .orderBy('id', 'desc')
    .limit(limit);
  if (state !== undefined) query = query.where('state', '=', state);
  if (before !== null) query = query.where('id', '<', before);
  return (await query.execute()).map(checkOf);
}

export interface DoneCheck {
  readonly versionId: string;
  readonly result: CheckResult | null;
  readonly endedAt: Date | null;
}

/** What the latest check of each version found that is done. */
export async function selectLatestDone(
  database: DatabaseOrTransaction,
  kind: CheckKind,
  scope: Scope | null,
): Promise<DoneCheck[]> {
  let query = database
    .withTables<CheckTables>()
    .selectFrom('model_checks')
    .select(['version_id', 'result', 'ended_at'])
    .distinctOn('version_id')
    .where('kind', '=', kind)
    .where('state', '=', 'done')
    .orderBy('version_id')
    .orderBy('id', 'desc');
  if (scope !== null)
    query = query
      .where('organization_id', '=', scope.organizationId)
      .where('project_id', '=', scope.projectId);
  const rows = await query.execute();
  return rows.map((row) => ({ versionId: row.version_id, result: row.result, endedAt: row.ended_at }));
}

/** Is another text when a check of the kind has ended or is gone; reads no results. */
export async function markOfDone(database: DatabaseOrTransaction, kind: CheckKind): Promise<string> {
  const { rows } = await sql<{ mark: string }>`
    select concat(count(*), ' ', extract(epoch from max(ended_at))) as mark from ${sql.table('model_checks')}
    where kind = ${kind} and state = 'done'`.execute(database);
  return rows[0]?.mark ?? '';
}

/** Takes a check for an attempt; `null` when it has ended, or a later attempt has it. */
export async function startCheck(
  database: DatabaseOrTransaction,
  id: string,
  attempt: number,
): Promise<ModelCheck | null> {
  const row = await database
    .withTables<CheckTables>()
    .updateTable('model_checks')
    .set({
      state: 'running',
      attempt,
      progress: 0,
      step: null,
      started_at: sql<Date>`now()`,
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', id)
    .where('state', 'in', statesBefore('start'))
    .where('attempt', '<', attempt)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : checkOf(row);
}

export interface CheckProgress {
  readonly progress: number;
  readonly step: string;
}

/** False when a later attempt has it. */
export async function noteProgress(
  database: DatabaseOrTransaction,
  id: string,
  attempt: number,
  { progress, step }: CheckProgress,
): Promise<boolean> {
  const { numUpdatedRows } = await database
    .withTables<CheckTables>()
    .updateTable('model_checks')
    .set({ progress, step, updated_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where('attempt', '=', attempt)
    .where('state', '=', 'running')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export type CheckEnd = {
  readonly setup: MeasuredSetup | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
} & (
  | { readonly event: 'finish'; readonly result: CheckResult }
  | { readonly event: 'fail'; readonly failure: CheckFailure }
);

/** Writes how a check ended; false when a later attempt has it. */
export async function endCheck(
  transaction: DatabaseTransaction,
  id: string,
  attempt: number,
  end: CheckEnd,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .withTables<CheckTables>()
    .updateTable('model_checks')
    .set({
      state: end.event === 'finish' ? 'done' : 'failed',
      step: null,
      ...(end.event === 'finish'
        ? { progress: 1, result: JSON.stringify(end.result) }
        : { failure: JSON.stringify(end.failure) }),
      setup: end.setup === null ? null : JSON.stringify(end.setup),
      input_tokens: end.inputTokens,
      output_tokens: end.outputTokens,
      ended_at: sql<Date>`now()`,
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', id)
    .where('attempt', '=', attempt)
    .where('state', 'in', statesBefore(end.event))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Ends open checks that nobody has written to for so long, and keeps the latest `kept` of each version and kind. */
export async function tidyChecks(
  database: DatabaseOrTransaction,
  { silentMinutes, kept, failure }: { silentMinutes: number; kept: number; failure: CheckFailure },
): Promise<void> {
  const table = sql.table('model_checks');
  await sql`
    update ${table} set state = 'failed', step = null, failure = ${JSON.stringify(failure)}::json, ended_at = now(),
      updated_at = now()
    where state = any (${statesBefore('fail')}) and updated_at < now() - make_interval(mins => ${silentMinutes})`.execute(
    database,
  );
  await sql`
    delete from ${table} where id in (
      select id from (
        select id, row_number() over (partition by version_id, kind order by id desc) as place from ${table}
        where state in ('done', 'failed')
      ) numbered where place > ${kept}
    )`.execute(database);
}

function checkOf(row: Selectable<CheckTables['model_checks']>): ModelCheck {
  return {
    id: row.id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    versionId: row.version_id,
    modelName: row.model_name,
    kind: row.kind,
    state: row.state,
    wanted: row.wanted,
    actor: { kind: row.actor_kind, id: row.actor_id },
    progress: row.progress,
    step: row.step,
    setup: row.setup,
    result: row.result,
    failure: row.failure,
    inputTokens: Number(row.input_tokens),
    outputTokens: Number(row.output_tokens),
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}
