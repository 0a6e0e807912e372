import { type HostLease, holdsLease } from './engine-host-store.ts';
import type { ServingDependencies } from './serving-dependencies.ts';
import { updateWorker, type WorkerReport } from './worker-store.ts';

/** Writes a worker's state down; tells the data path when it changed. False when the row is no longer this worker's. */
export async function writeReport(
  serving: ServingDependencies,
  lease: HostLease,
  report: WorkerReport,
): Promise<boolean> {
  return await serving.database.transaction().execute(async (transaction) => {
    if (!(await holdsLease(transaction, lease))) return false;
    const before = await updateWorker(transaction, lease.hostId, report);
    if (before === null) return false;
    if (before !== report.state) await serving.configVersion.bump(transaction);
    return true;
  });
}
