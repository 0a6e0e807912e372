import { sql } from 'kysely';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import { listProjectIds } from '../iam/index.ts';

export interface MeasuredVersion {
  readonly requests: number;
  /** Those that its engine failed, whatever answered in its place. */
  readonly failed: number;
  /** The 95th percentile of the time to the first byte of good answers, in milliseconds; `null` without any. */
  readonly firstByteP95Ms: number | null;
}

export interface VersionQuery {
  readonly organizationId: string;
  /** `null`: every project of the organization. */
  readonly projectId: string | null;
  /** The name that was asked for. */
  readonly requestedModel: string;
  readonly versionId: string;
  /** Requests that began at this time or later. */
  readonly from: Date;
}

/**
 * How a version did on requests for one name that have ended and are written: `SAMOVAR_METERING_FLUSH_MS` after their end. A
 * request that was sent to it first counts for it, also when a fallback answered. Errors of the request itself, limits and clients that left
 * are no failures.
 */
export async function measureVersion(
  database: DatabaseOrTransaction,
  query: VersionQuery,
): Promise<MeasuredVersion> {
  // Records are found by their project and time: there is no index by organization.
  const projectIds =
    query.projectId === null ? await listProjectIds(database, query.organizationId) : [query.projectId];
  const { rows } = await sql<{ requests: number; failed: number; p95: number | null }>`
    select
      count(*)::integer as requests,
      count(*) filter (where chosen_error is not null or error_code like 'engine.%')::integer as failed,
      percentile_cont(0.95) within group (order by time_to_first_token_ms)
        filter (where chosen_error is null and error_code is null) as p95
    from ${sql.table('usage_records')}
    where organization_id = ${query.organizationId} and project_id = any (${projectIds}::uuid[])
      and requested_model = ${query.requestedModel}
      and started_at >= ${query.from}
      and coalesce(chosen_version_id, version_id) = ${query.versionId}
      and status <> 499`.execute(database);
  const [row] = rows;
  return { requests: row?.requests ?? 0, failed: row?.failed ?? 0, firstByteP95Ms: row?.p95 ?? null };
}
