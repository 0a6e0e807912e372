import { sql } from 'kysely';
import type { Database } from '../../kernel/ports/database.ts';
import type { EngineMemories } from '../../kernel/ports/engine-driver.ts';
import type { ServedModel } from '../registry/index.ts';
import { selectDeploymentsOf } from './deployment-store.ts';
import { needsOf } from './size-unit.ts';

/**
 * Whether a request to a version would unload no other one: it is in memory, or some host has room for it beside what
 * is there, and nobody waits for memory. Also true of what no request loads (it is stopped, or can never fit), and of
 * adapters, which join their base. `parallelSequences` counts where the deployment does not set its own.
 */
export async function hasRoomBeside(
  database: Database,
  model: ServedModel,
  parallelSequences: number,
): Promise<boolean> {
  const { engine, adapter } = model.manifest;
  if (engine === 'remote' || adapter !== undefined) return true;
  const [deployment] = await selectDeploymentsOf(database, [model.versionId]);
  // An engine host is about to make it.
  if (deployment === undefined) return false;
  if (deployment.removed || deployment.desired === 'stopped') return true;
  const { isHere, othersWait } = await whereItStands(database, deployment.id);
  if (isHere) return true;
  const unit = { deployment, model, adapters: [] };
  const hosts = (await roomOfHosts(database)).map((host) => ({
    ...host,
    ...needsOf(unit, { parallelSequences, engineMemory: host.engineMemory }),
  }));
  if (hosts.length > 0 && hosts.every(({ budgetBytes, leastBytes }) => budgetBytes < leastBytes)) return true;
  // With its longest context it takes nothing from anybody; where nothing can be unloaded, it takes what is left.
  const fits = hosts.some(
    ({ freeBytes, mayYield, leastBytes, mostBytes }) => freeBytes >= (mayYield ? mostBytes : leastBytes),
  );
  return fits && !othersWait;
}

/** One that is draining counts as gone: the next request loads it anew. */
async function whereItStands(
  database: Database,
  deploymentId: string,
): Promise<{ readonly isHere: boolean; readonly othersWait: boolean }> {
  const { rows } = await sql<{ here: boolean; wait: boolean }>`
    select exists (select from ${sql.table('model_workers')}
        where deployment_id = ${deploymentId} and state in ('on-disk', 'starting', 'loading', 'ready')) as here,
      exists (select from ${sql.table('load_queue')} where deployment_id <> ${deploymentId}) as wait`.execute(
    database,
  );
  return { isHere: rows[0]?.here ?? false, othersWait: rows[0]?.wait ?? false };
}

interface HostRoom {
  readonly engineMemory: EngineMemories;
  readonly budgetBytes: number;
  readonly freeBytes: number;
  /** Something in its memory can be unloaded for another. */
  readonly mayYield: boolean;
}

async function roomOfHosts(database: Database): Promise<HostRoom[]> {
  const { rows } = await sql<{ budget: string; engines: EngineMemories; held: string; yields: boolean }>`
    select h.memory_budget_bytes as budget, h.engine_memory as engines,
      coalesce(sum(greatest(w.memory_bytes, w.resident_bytes)), 0) as held,
      coalesce(bool_or(d.desired <> 'always' and not d.pinned), false) as yields
    from ${sql.table('engine_hosts')} h
      left join ${sql.table('model_workers')} w on w.host_id = h.id and w.state not in ('unloaded', 'failed')
      left join ${sql.table('deployments')} d on d.id = w.deployment_id
    where h.lease_token is not null and h.lease_until > now()
    group by h.id, h.memory_budget_bytes, h.engine_memory`.execute(database);
  return rows.map(({ budget, engines, held, yields }) => ({
    engineMemory: engines,
    budgetBytes: Number(budget),
    freeBytes: Number(budget) - Number(held),
    mayYield: yields,
  }));
}
