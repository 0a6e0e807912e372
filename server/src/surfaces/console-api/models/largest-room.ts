import type { Database } from '../../../kernel/ports/database.ts';
import type { MemoryRoom } from '../../../modules/registry/index.ts';
import { listEngineHosts } from '../../../modules/serving/index.ts';

/** Of the machine that gives most memory to models; `null` while none does. */
export async function largestRoom(database: Database): Promise<MemoryRoom | null> {
  const hosts = (await listEngineHosts(database)).filter(({ alive }) => alive);
  const [largest] = hosts.toSorted((a, b) => b.memoryBudgetBytes - a.memoryBudgetBytes);
  return largest === undefined
    ? null
    : { budgetBytes: largest.memoryBudgetBytes, engines: largest.engineMemory };
}
