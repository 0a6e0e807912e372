import { sql } from 'kysely';
import type { DatabaseOrTransaction, DatabaseTransaction } from '../../kernel/ports/database.ts';

/** A project, and a model as its requests name it, with the version that this name meant when they were accepted. */
export interface WaitingPair {
  readonly projectId: string;
  readonly model: string;
  /** `unfixedVersion` of requests that were accepted before versions were fixed. */
  readonly versionId: string;
}

/** The version of a request whose name decides when it runs. */
export const unfixedVersion = '00000000-0000-0000-0000-000000000000';

/** First key of the advisory locks of this module; the second is the version's hash. */
const lockClass = 7_263_542;

/** Which models are waited for, in which projects: as many steps in the index as there are pairs. */
export async function selectWaitingPairs(database: DatabaseOrTransaction): Promise<WaitingPair[]> {
  const queue = sql.table('inference_queue');
  const { rows } = await sql<WaitingPair>`
    with recursive pairs as (
      (select project_id, model, version_id from ${queue}
        where owner is null order by project_id, model, version_id limit 1)
      union all
      select later.* from pairs, lateral (
        select project_id, model, version_id from ${queue} q
        where owner is null
          and (q.project_id, q.model, q.version_id) > (pairs.project_id, pairs.model, pairs.version_id)
        order by project_id, model, version_id limit 1
      ) later
    )
    select project_id as "projectId", model, version_id as "versionId" from pairs`.execute(database);
  return rows;
}

/** Lets one process at a time decide about a version's slots, until the transaction ends. */
export async function lockVersion(transaction: DatabaseTransaction, versionId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(${lockClass}, hashtext(${versionId}))`.execute(transaction);
}

/** How many requests the other processes may have running for a version. */
export async function permitsOfOthers(
  transaction: DatabaseTransaction,
  versionId: string,
  owner: string,
): Promise<number> {
  const { rows } = await sql<{ permits: number }>`
    select coalesce(sum(permits), 0)::integer as permits from ${sql.table('inference_permits')}
    where version_id = ${versionId} and owner <> ${owner} and lease_until > now()`.execute(transaction);
  return rows[0]?.permits ?? 0;
}

export async function setPermits(
  database: DatabaseOrTransaction,
  lease: { readonly owner: string; readonly leaseMs: number },
  versionId: string,
  permits: number,
): Promise<void> {
  const table = sql.table('inference_permits');
  if (permits <= 0)
    await sql`delete from ${table} where version_id = ${versionId} and owner = ${lease.owner}`.execute(
      database,
    );
  else
    await sql`
      insert into ${table} (version_id, owner, permits, lease_until)
      values (${versionId}, ${lease.owner}, ${permits}, ${leaseEnd(lease.leaseMs)})
      on conflict (version_id, owner) do update
        set permits = excluded.permits, lease_until = excluded.lease_until`.execute(database);
}

export async function deletePermits(database: DatabaseOrTransaction, owner: string): Promise<void> {
  await sql`delete from ${sql.table('inference_permits')} where owner = ${owner}`.execute(database);
}

export interface ClaimSize {
  readonly owner: string;
  readonly leaseMs: number;
  /** At most so many. */
  readonly count: number;
}

export interface ClaimedRow {
  readonly id: string;
  readonly attempt: number;
  readonly failures: number;
  /** `null`: its name decides. */
  readonly versionId: string | null;
}

/**
 * Claims waiting requests of these pairs. Projects come in turn: the first of each, the second of each, and what a
 * project has running of these models already counts as turns it has had. Within a project: by priority, then by age.
 * In this order. Only the projects whose first request is among the `count` next ones can have any of them, so the
 * others are not looked at beyond their first; and no row is locked but those that are claimed.
 */
export async function claimRows(
  transaction: DatabaseTransaction,
  pairs: readonly WaitingPair[],
  { owner, leaseMs, count }: ClaimSize,
): Promise<ClaimedRow[]> {
  const queue = sql.table('inference_queue');
  const { rows } = await sql<ClaimedRow & { place: number }>`
    with pairs as (
      select * from ${unnested(pairs)}
    ), firsts as (
      select distinct on (project_id) first.* from pairs, lateral (
        select id, project_id, priority, run_at from ${queue} q
        where ${waitsFor('pairs')} and ${mayRun}
        order by priority desc, run_at, id limit 1
      ) first
      order by project_id, priority desc, run_at, id
    ), nearest as (
      select project_id, sum(turns) as turns from (
        select project_id, 0 as turns, run_at from firsts
        union all
        select project_id, 1, null from ${queue}
        where owner is not null
          and (project_id, model, version_id) in (select project_id, model, version_id from pairs)
      ) first_or_held
      group by project_id having min(run_at) is not null
      order by turns, min(run_at), project_id limit ${count}
    ), waiting as (
      select next.*, nearest.turns from nearest join pairs using (project_id), lateral (
        select id, project_id, priority, run_at from ${queue} q
        where ${waitsFor('pairs')} and ${mayRun}
        order by priority desc, run_at, id limit ${count}
      ) next
    ), chosen as (
      select id, row_number() over (order by turn, run_at, id) as place from (
        select id, run_at,
          row_number() over (partition by project_id order by priority desc, run_at, id) + turns as turn
        from waiting
      ) numbered
      order by turn, run_at, id limit ${count}
    ), taken as (
      select q.id, chosen.place from ${queue} q join chosen using (id) where q.owner is null
      for update of q skip locked
    )
    update ${queue} q set owner = ${owner}, lease_until = ${leaseEnd(leaseMs)}, attempt = attempt + 1
    from taken where q.id = taken.id
    returning q.id, q.attempt, q.failures, nullif(q.version_id, ${unfixedVersion}) as "versionId",
      taken.place::integer as place`.execute(transaction);
  return rows.sort((left, right) => left.place - right.place);
}

/**
 * Renews the leases of this process; returns the ids that it still holds. Locks in the order of the ids, as those do
 * who end requests at the same time.
 */
export async function renewRows(
  database: DatabaseOrTransaction,
  { owner, leaseMs }: { readonly owner: string; readonly leaseMs: number },
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  await sql`update ${sql.table('inference_permits')} set lease_until = ${leaseEnd(leaseMs)} where owner = ${owner}`.execute(
    database,
  );
  if (ids.length === 0) return new Set();
  const { rows } = await sql<{ id: string }>`
    with mine as (
      select id from ${sql.table('inference_queue')}
      where id = any (${[...ids]}::uuid[]) and owner = ${owner} order by id for update
    )
    update ${sql.table('inference_queue')} q set lease_until = ${leaseEnd(leaseMs)}
    from mine where q.id = mine.id returning q.id`.execute(database);
  return new Set(rows.map(({ id }) => id));
}

/** Locks requests whose process gives no sign any more. */
export async function lockLostRows(
  transaction: DatabaseTransaction,
  limit: number,
): Promise<{ id: string; attempt: number; losses: number }[]> {
  await sql`delete from ${sql.table('inference_permits')} where lease_until < now()`.execute(transaction);
  const { rows } = await sql<{ id: string; attempt: number; losses: number }>`
    select id, attempt, losses from ${sql.table('inference_queue')}
    where owner is not null and lease_until < now() order by id limit ${limit} for update skip locked`.execute(
    transaction,
  );
  return rows;
}

/**
 * Locks requests of these pairs that have waited for so long, by the database's clock. In no order: what others have
 * locked is passed over, so nobody waits here.
 */
export async function lockWaitingRows(
  transaction: DatabaseTransaction,
  pairs: readonly WaitingPair[],
  { limit, waitedMs }: { readonly limit: number; readonly waitedMs: number },
): Promise<{ id: string; attempt: number }[]> {
  const { rows } = await sql<{ id: string; attempt: number }>`
    select waiting.id, waiting.attempt from ${unnested(pairs)}, lateral (
      select id, attempt from ${sql.table('inference_queue')} q
      where ${waitsFor('p')}
        and (${waitedMs} = 0 or q.run_at <= now() - make_interval(secs => ${waitedMs / 1000}::double precision))
      limit ${limit} for update skip locked
    ) waiting
    limit ${limit}`.execute(transaction);
  return rows;
}

export interface ReleasedRow {
  readonly id: string;
  readonly pauseMs: number;
  /** Counted as an attempt that an engine failed. */
  readonly failed: boolean;
  /** Counted as an attempt whose process was lost. */
  readonly lost: boolean;
}

/** Lets claimed requests wait again in their places, for others or for us. */
export async function releaseRows(
  transaction: DatabaseTransaction,
  released: readonly ReleasedRow[],
): Promise<void> {
  if (released.length === 0) return;
  await sql`
    update ${sql.table('inference_queue')} q
    set owner = null, lease_until = null, failures = q.failures + r.failed, losses = q.losses + r.lost,
      not_before = case when r.pause_ms > 0 then now() + make_interval(secs => r.pause_ms / 1000.0) end
    from unnest(
      ${released.map(({ id }) => id)}::uuid[],
      ${released.map(({ pauseMs }) => pauseMs)}::integer[],
      ${released.map(({ failed }) => (failed ? 1 : 0))}::smallint[],
      ${released.map(({ lost }) => (lost ? 1 : 0))}::smallint[]
    ) as r (id, pause_ms, failed, lost)
    where q.id = r.id`.execute(transaction);
}

/** Not in a pause before another attempt. */
const mayRun = sql`(q.not_before is null or q.not_before <= now())`;

function unnested(pairs: readonly WaitingPair[]) {
  return sql`unnest(
    ${pairs.map(({ projectId }) => projectId)}::uuid[], ${pairs.map(({ model }) => model)}::text[],
    ${pairs.map(({ versionId }) => versionId)}::uuid[]
  ) as p (project_id, model, version_id)`;
}

/** A row `q` of the queue waits and is of the pair in this table. */
function waitsFor(pair: 'pairs' | 'p') {
  const of = (column: string) => sql.ref(`${pair}.${column}`);
  return sql`q.owner is null and q.project_id = ${of('project_id')} and q.model = ${of('model')}
    and q.version_id = ${of('version_id')}`;
}

/** Leases are compared by every process, so the database's clock counts. */
function leaseEnd(leaseMs: number) {
  return sql`now() + make_interval(secs => ${leaseMs / 1000}::double precision)`;
}
