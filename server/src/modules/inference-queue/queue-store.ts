import { sql } from 'kysely';
import type { DatabaseOrTransaction, DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { AsyncRequest } from './queued-request.ts';

/** Channel on which a commit tells that requests were accepted. A hint only. */
export const queueChannel = 'samovar_inference_queue';

/** An accepted request under the id of its operation. */
export interface AcceptedRequest {
  readonly id: string;
  readonly request: AsyncRequest;
  /** Its body as JSON. */
  readonly bodyText: string;
  /** The version that its model's name means at this moment: an alias moved later changes nothing. */
  readonly versionId: string;
  readonly createdAt: Date;
}

/**
 * Puts accepted requests into the queue, in the transaction that makes their operations. Those of one batch came at
 * one time, and keep their order. When they came is told by the database's clock, so
 * that requests of all processes stand in one order.
 */
export async function insertRequests(
  transaction: DatabaseTransaction,
  accepted: readonly AcceptedRequest[],
): Promise<void> {
  const column = <T>(read: (request: AsyncRequest) => T): T[] => accepted.map(({ request }) => read(request));
  const created = accepted.map(({ createdAt }) => createdAt.toISOString());
  await sql`
    with wanted as (
      select * from unnest(
        ${accepted.map(({ id }) => id)}::uuid[],
        ${column(({ principal }) => principal.organizationId)}::uuid[],
        ${column(({ principal }) => principal.projectId)}::uuid[],
        ${column(({ principal }) => principal.keyId)}::uuid[],
        ${column(({ requestId }) => requestId)}::text[],
        ${column(({ endpoint }) => endpoint)}::text[],
        ${column(({ workerPath }) => workerPath)}::text[],
        ${column(({ task }) => task)}::text[],
        ${column(({ model }) => model)}::text[],
        ${column(({ priority }) => priority)}::smallint[],
        ${accepted.map(({ bodyText }) => bodyText)}::json[],
        ${accepted.map(({ versionId }) => versionId)}::uuid[],
        ${created}::timestamptz[]
      ) with ordinality as r (id, organization_id, project_id, key_id, request_id, endpoint, worker_path, task, model,
        priority, body, version_id, created_at, place)
    ), kept as (
      insert into ${sql.table('inference_requests')} (id, organization_id, project_id, key_id, request_id, endpoint,
        worker_path, task, model, body, created_at)
      select id, organization_id, project_id, key_id, request_id, endpoint, worker_path, task, model, body, created_at
      from wanted
    ), told as (select pg_notify(${queueChannel}, ''))
    insert into ${sql.table('inference_queue')} (id, organization_id, project_id, model, version_id, priority, run_at)
    select id, organization_id, project_id, model, version_id, priority, now() + (place - 1) * interval '1 microsecond'
    from wanted, told`.execute(transaction);
}

/** How many requests of these projects wait or run. Waiting ones are counted in the index of those that wait. */
export async function countByProject(
  database: DatabaseOrTransaction,
  projectIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const queue = sql.table('inference_queue');
  const { rows } = await sql<{ project_id: string; count: number }>`
    select project_id, sum(count)::integer as count from (
      select project_id, count(*) as count from ${queue}
      where owner is null and project_id = any (${[...projectIds]}::uuid[]) group by project_id
      union all
      select project_id, count(*) as count from ${queue}
      where owner is not null and project_id = any (${[...projectIds]}::uuid[]) group by project_id
    ) counts group by project_id`.execute(database);
  return new Map(rows.map((row) => [row.project_id, row.count]));
}

/** Locks the rows of these requests, in the order of their ids: everybody locks in this one. */
export async function lockRequests(
  transaction: DatabaseTransaction,
  ids: readonly string[],
): Promise<ReadonlyMap<string, HeldRow>> {
  const { rows } = await sql<{ id: string; owner: string | null; attempt: number }>`
    select id, owner, attempt from ${sql.table('inference_queue')}
    where id = any (${[...ids]}::uuid[]) order by id for update`.execute(transaction);
  return new Map(rows.map(({ id, owner, attempt }) => [id, { owner, attempt }]));
}

export interface HeldRow {
  readonly owner: string | null;
  readonly attempt: number;
}

/** Whose a request was and what it asked for, as far as metering needs it. */
export interface MeteredFacts {
  readonly id: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly keyId: string;
  readonly requestId: string;
  readonly endpoint: string;
  readonly model: string;
}

/** Takes requests out of the queue for good; returns those that were in it. */
export async function deleteRequests(
  transaction: DatabaseTransaction,
  ids: readonly string[],
): Promise<readonly MeteredFacts[]> {
  const { rows } = await sql<MeteredFacts>`
    with gone as (delete from ${sql.table('inference_queue')} where id = any (${[...ids]}::uuid[]))
    delete from ${sql.table('inference_requests')} where id = any (${[...ids]}::uuid[])
    returning id, organization_id as "organizationId", project_id as "projectId", key_id as "keyId",
      request_id as "requestId", endpoint, model`.execute(transaction);
  return rows;
}
