import { sql } from 'kysely';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { DeploymentStatus } from './deployment.ts';
import type { ServingTables } from './serving-tables.ts';
import type { WorkerState } from './worker-state.ts';

/** The nearer to answering, the smaller. */
const distance: Record<WorkerState, number> = {
  ready: 0,
  loading: 1,
  starting: 2,
  'on-disk': 3,
  draining: 4,
  failed: 5,
  unloaded: 6,
};

/** The state of every deployment of a project, or of the whole installation, in the order of their creation. */
export async function listDeployments(
  database: DatabaseOrTransaction,
  scope?: Scope,
): Promise<readonly DeploymentStatus[]> {
  let query = database
    .withTables<ServingTables>()
    .selectFrom('deployments as d')
    .leftJoin('model_workers as w', 'w.deployment_id', 'd.id')
    .leftJoin('engine_hosts as h', 'h.id', 'w.host_id')
    .select([
      'd.id',
      'd.version_id',
      'd.model_name',
      'd.desired',
      'd.pinned',
      'd.options',
      'd.requested_at',
      'w.state',
      'w.load_progress',
      'w.last_error',
      'w.public_error',
      'w.processor',
      'w.attempt',
      'w.threads',
      'w.memory_bytes',
      'w.resident_bytes',
      'w.retry_at',
      'w.since',
      'h.name as host_name',
      sql<boolean>`h.lease_until < now()`.as('silent'),
    ])
    .orderBy('d.id')
    .orderBy('w.id');
  if (scope !== undefined)
    query = query
      .where('d.organization_id', '=', scope.organizationId)
      .where('d.project_id', '=', scope.projectId);
  const best = new Map<string, DeploymentStatus>();
  for (const row of await query.execute()) {
    const silence = `the engine host ${row.host_name} gives no sign`;
    const gone = row.silent && row.state !== 'unloaded' && row.state !== 'failed';
    const status: DeploymentStatus = {
      deploymentId: row.id,
      versionId: row.version_id,
      modelName: row.model_name,
      desired: row.desired,
      pinned: row.pinned,
      engine: row.options.engine ?? null,
      state: gone ? 'failed' : (row.state ?? 'unloaded'),
      loadProgress: row.load_progress ?? 0,
      lastError: gone ? silence : row.last_error,
      publicError: gone ? silence : row.public_error,
      refused: row.state === 'failed' && row.retry_at === null,
      attempt: row.attempt ?? 0,
      hostName: row.host_name,
      processor: row.processor,
      threads: row.threads ?? 0,
      memoryBytes: Number(row.memory_bytes ?? 0),
      residentBytes: Number(row.resident_bytes ?? 0),
      requestedAt: row.requested_at,
      since: row.since,
    };
    const other = best.get(row.id);
    if (other === undefined || distance[status.state] < distance[other.state]) best.set(row.id, status);
  }
  return [...best.values()];
}
