import { sql } from 'kysely';
import type { Database } from '../../kernel/ports/database.ts';
import type { EngineMemories } from '../../kernel/ports/engine-driver.ts';
import type { ServedModel } from '../registry/index.ts';
import { askedUnit } from './asked-unit.ts';
import { partsOf } from './serving-unit.ts';
import { needsOf } from './size-unit.ts';

export interface AskedRoom {
  /** Where the deployment does not set its own. */
  readonly parallelSequences: number;
  /** Versions that are ready, among them the bases of adapters. */
  readonly models: readonly ServedModel[];
}

/**
 * Whether a request to a version would unload no other one: it is in memory, or some host has room for it beside what
 * is there, and nobody waits for memory. An adapter needs the room of its base as well, or where that is in memory
 * without it, what both take together. Also true of what no request loads: it is stopped, or can never fit.
 */
export async function hasRoomBeside(
  database: Database,
  model: ServedModel,
  { parallelSequences, models }: AskedRoom,
): Promise<boolean> {
  if (model.manifest.engine === 'remote') return true;
  const asked = await askedUnit(database, model, models);
  // An engine host is about to deploy it.
  if (asked === 'unknown') return false;
  if (asked === null || asked.answering.length > 0) return true;
  const { unit, joined } = asked;
  const parts = partsOf(unit).map(({ id }) => id);
  const hosts = (await roomOfHosts(database, unit.deployment.id))
    .filter(({ hostId }) => joined.length === 0 || joined.includes(hostId))
    .map((host) => ({
      ...host,
      ...needsOf(unit, { parallelSequences, engineMemory: host.engineMemory }),
    }));
  if (hosts.length > 0 && hosts.every(({ budgetBytes, leastBytes }) => budgetBytes < leastBytes)) return true;
  // With its longest context it takes nothing from anybody; where nothing can be unloaded, it takes what is left.
  const fits = hosts.some(
    ({ freeBytes, mayYield, leastBytes, mostBytes }) => freeBytes >= (mayYield ? mostBytes : leastBytes),
  );
  return fits && !(await othersWait(database, parts));
}

async function othersWait(database: Database, deploymentIds: readonly string[]): Promise<boolean> {
  const { rows } = await sql<{ wait: boolean }>`
    select exists (select from ${sql.table('load_queue')}
      where deployment_id <> all (${[...deploymentIds]}::uuid[])) as wait`.execute(database);
  return rows[0]?.wait ?? false;
}

interface HostRoom {
  readonly hostId: string;
  readonly engineMemory: EngineMemories;
  readonly budgetBytes: number;
  readonly freeBytes: number;
  /** Something in its memory can be unloaded for another. */
  readonly mayYield: boolean;
}

/** What a worker of this deployment takes counts as free: it is started anew. */
async function roomOfHosts(database: Database, deploymentId: string): Promise<HostRoom[]> {
  const { rows } = await sql<{
    host: string;
    budget: string;
    engines: EngineMemories;
    held: string;
    yields: boolean;
  }>`
    select h.id as host, h.memory_budget_bytes as budget, h.engine_memory as engines,
      coalesce(sum(greatest(w.memory_bytes, w.resident_bytes)), 0) as held,
      coalesce(bool_or(d.desired <> 'always' and not d.pinned), false) as yields
    from ${sql.table('engine_hosts')} h
      left join ${sql.table('model_workers')} w on w.host_id = h.id and w.state not in ('unloaded', 'failed')
        and w.deployment_id <> ${deploymentId}
      left join ${sql.table('deployments')} d on d.id = w.deployment_id
    where h.lease_token is not null and h.lease_until > now()
    group by h.id, h.memory_budget_bytes, h.engine_memory`.execute(database);
  return rows.map(({ host, budget, engines, held, yields }) => ({
    hostId: host,
    engineMemory: engines,
    budgetBytes: Number(budget),
    freeBytes: Number(budget) - Number(held),
    mayYield: yields,
  }));
}
