import type { Database } from '../../../kernel/ports/database.ts';
import { listEngineHosts } from '../../../modules/serving/index.ts';

/** Of the machine that gives most memory to models; `null` while none does. */
export async function largestBudget(database: Database): Promise<number | null> {
  const hosts = (await listEngineHosts(database)).filter(({ alive }) => alive);
  return hosts.length === 0 ? null : Math.max(...hosts.map(({ memoryBudgetBytes }) => memoryBudgetBytes));
}
