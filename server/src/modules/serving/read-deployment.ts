import { sql } from 'kysely';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { DeploymentStatus } from './deployment.ts';
import { selectStatuses } from './list-deployments.ts';
import type { ServingTables } from './serving-tables.ts';

type Version = Scope & { readonly versionId: string };

/** The deployment of a version; `null` when there is none yet. */
export async function readDeployment(
  database: DatabaseOrTransaction,
  { organizationId, projectId, versionId }: Version,
): Promise<DeploymentStatus | 'removed' | null> {
  const scope = { organizationId, projectId };
  const [status] = await selectStatuses(database, { scope, versionId });
  if (status !== undefined) return status;
  const row = await database
    .withTables<ServingTables>()
    .selectFrom('deployments')
    .select('id')
    .where('version_id', '=', versionId)
    .where('project_id', '=', projectId)
    .where('organization_id', '=', organizationId)
    .executeTakeFirst();
  return row === undefined ? null : 'removed';
}

/**
 * When a deployment may be loaded: as long as its own loads took, and those of all before it in the queue. `null`
 * where none was measured.
 */
export async function expectedLoadMs(
  database: DatabaseOrTransaction,
  { versionId, queue }: Pick<DeploymentStatus, 'versionId' | 'queue'>,
): Promise<number | null> {
  const { rows } = await sql<{ load_ms: string | null }>`
    select sum(load_ms) as load_ms from (
      select distinct on (version_id) load_ms from ${sql.table('version_measurements')}
      where load_ms is not null and version_id in (
        select ${versionId}::uuid
        union
        select d.version_id from ${sql.table('load_queue')} q join ${sql.table('deployments')} d on d.id = q.deployment_id
        where q.position < ${queue?.position ?? 0}
      )
      order by version_id, measured_at desc
    ) loads`.execute(database);
  const loadMs = rows[0]?.load_ms ?? null;
  return loadMs === null ? null : Number(loadMs);
}
