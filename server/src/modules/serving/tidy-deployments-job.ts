import type { Database } from '../../kernel/ports/database.ts';
import type { JobDefinition } from '../../kernel/ports/job-queue.ts';
import { deleteStaleWaits } from './load-queue-store.ts';
import { trimRecords } from './trim-records.ts';

const keptEvents = { perDeployment: 1_000, days: 30 };
const keptLines = { perDeployment: 5_000, days: 7 };

/** Keeps what is written of deployments within bounds. Harmless to repeat. */
export async function tidyDeployments(database: Database): Promise<void> {
  await trimRecords(database, 'deployment_events', keptEvents);
  await trimRecords(database, 'deployment_logs', keptLines);
  await deleteStaleWaits(database);
}

/** The same as a job; schedule it every few minutes under its name. */
export function tidyDeploymentsJob(database: Database): JobDefinition<Record<string, never>> {
  return {
    name: 'deployments-tidy',
    retryLimit: 3,
    retryDelaySeconds: 60,
    heartbeatSeconds: 60,
    handle: () => tidyDeployments(database),
  };
}
