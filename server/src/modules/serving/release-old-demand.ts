import { sql } from 'kysely';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import { waitsFreshSeconds } from './load-queue-store.ts';

/**
 * Takes back the demand for on-demand deployments that nobody waits for (a request that waits repeats its demand every
 * few seconds) and that no other host runs. So a host that starts again loads what is always loaded or pinned and what
 * requests wait for, and nothing that was asked for once. Returns those deployments; their rows stay locked until the
 * transaction ends.
 */
export async function releaseOldDemand(
  transaction: DatabaseTransaction,
  hostId: string,
): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    with old as (
      select d.id from ${sql.table('deployments')} d
      where d.desired = 'on-demand' and not d.pinned and d.demand > d.released_demand
        and (d.requested_at is null or d.requested_at < now() - ${waitsFreshSeconds} * interval '1 second')
        and not exists (
          select 1 from ${sql.table('model_workers')} w join ${sql.table('engine_hosts')} h on h.id = w.host_id
          where (w.deployment_id = d.id or d.version_id = any(w.adapters))
            and w.host_id <> ${hostId} and w.state <> 'unloaded' and h.lease_token is not null
        )
      order by d.id
      for no key update of d
    )
    update ${sql.table('deployments')} d set released_demand = d.demand from old where d.id = old.id
    returning d.id`.execute(transaction);
  return rows.map(({ id }) => id);
}
