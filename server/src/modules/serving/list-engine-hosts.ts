import { sql } from 'kysely';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { EngineMemories } from '../../kernel/ports/engine-driver.ts';
import type { ServingTables } from './serving-tables.ts';

/** An engine host as it last announced itself. */
export interface EngineHostStatus {
  readonly name: string;
  /** It holds its lease: it gave a sign within the last seconds. */
  readonly alive: boolean;
  readonly memoryBudgetBytes: number;
  readonly threads: number;
  readonly engines: readonly string[];
  /** What a worker of each takes beside its model. */
  readonly engineMemory: EngineMemories;
  readonly since: Date;
}

/** Every engine host that this installation has seen, by name. */
export async function listEngineHosts(database: DatabaseOrTransaction): Promise<readonly EngineHostStatus[]> {
  const rows = await database
    .withTables<ServingTables>()
    .selectFrom('engine_hosts')
    .select(['name', 'memory_budget_bytes', 'threads', 'engines', 'engine_memory', 'since'])
    .select(sql<boolean>`lease_token is not null and lease_until > now()`.as('alive'))
    .orderBy('name')
    .execute();
  return rows.map((row) => ({
    name: row.name,
    alive: row.alive,
    memoryBudgetBytes: Number(row.memory_budget_bytes),
    threads: row.threads,
    engines: row.engines,
    engineMemory: row.engine_memory,
    since: row.since,
  }));
}
