import { isRunning } from '@samovar/contract/process-identity';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { WorkerRunner } from '../../kernel/ports/worker-runner.ts';
import type { NewDeploymentEvent } from './deployment-event.ts';
import {
  clearHostLease,
  deleteForgottenHosts,
  type EngineHostFacts,
  type HostLease,
  holdsLease,
  lockExpiredHosts,
  lockHostByName,
  writeHostLease,
} from './engine-host-store.ts';
import { appendEvents } from './event-store.ts';
import { replaceLoadQueue } from './load-queue-store.ts';
import { releaseOldDemand } from './release-old-demand.ts';
import type { ServingDependencies } from './serving-dependencies.ts';
import { recordedProcesses, releaseWorkersOf } from './worker-store.ts';

/** Where every pod has a name of its own, hosts never come back; a machine that was repaired does. */
const forgetAfterDays = 1;

/**
 * Takes the lease of this host's name, or returns `null` while a living process holds it. A holder that is dead (its
 * recorded process no longer runs here) is not waited for. What it left running is ended first, by identity: from
 * then on no worker lives that the rows do not show. What was loaded on demand and is not waited for is not loaded
 * again.
 */
export async function acquireHostLease(
  serving: ServingDependencies,
  runner: WorkerRunner,
  facts: EngineHostFacts,
  leaseMs: number,
): Promise<HostLease | null> {
  return await serving.database.transaction().execute(async (transaction) => {
    const before = await lockHostByName(transaction, facts.name);
    if (before?.leased && !before.expired && isRunning(before.identity)) return null;
    if (before !== null) {
      const orphans = await recordedProcesses(transaction, before.id);
      await Promise.all(orphans.map((identity) => runner.endOrphan(identity)));
      const old = await releaseOldDemand(transaction, before.id);
      await release(transaction, before.id, 'the engine host was started again');
      await appendEvents(transaction, old.map(notLoadedAgain));
    }
    const lease = await writeHostLease(transaction, facts, leaseMs);
    await serving.configVersion.bump(transaction, 'replicas');
    return lease;
  });
}

/**
 * Gives the lease back at an orderly end, when no worker runs any more. Changes nothing when another process has taken
 * the host meanwhile: its workers stand in these rows by now.
 */
export async function returnHostLease(serving: ServingDependencies, lease: HostLease): Promise<void> {
  await serving.database.transaction().execute(async (transaction) => {
    if (!(await holdsLease(transaction, lease))) return;
    await release(transaction, lease.hostId, 'the engine host was stopped');
    await clearHostLease(transaction, lease.hostId, lease.token);
    await serving.configVersion.bump(transaction, 'replicas');
  });
}

/**
 * Releases the workers of other hosts that gave no sign for the length of their lease, so that they are started
 * elsewhere and no request is sent to them. Returns how many hosts there were.
 */
export async function releaseSilentHosts(serving: ServingDependencies, lease: HostLease): Promise<number> {
  return await serving.database.transaction().execute(async (transaction) => {
    const silent = await lockExpiredHosts(transaction, lease.hostId);
    for (const hostId of silent) {
      await release(transaction, hostId, 'its engine host gave no sign');
      await clearHostLease(transaction, hostId, null);
    }
    await deleteForgottenHosts(transaction, forgetAfterDays);
    if (silent.length > 0) await serving.configVersion.bump(transaction, 'replicas');
    return silent.length;
  });
}

function notLoadedAgain(deploymentId: string): NewDeploymentEvent {
  const reason =
    'not loaded again at the start of its engine host: nobody waits for it; the next request loads it';
  return { deploymentId, kind: 'decision', reason };
}

/** Marks what ran on a host as gone, tells its deployments, and forgets who waited for its memory. */
async function release(transaction: DatabaseTransaction, hostId: string, reason: string): Promise<void> {
  const released = await releaseWorkersOf(transaction, hostId, reason);
  await appendEvents(
    transaction,
    released.map(({ deploymentId, state }) => ({
      deploymentId,
      kind: 'state',
      from: state,
      to: 'unloaded',
      reason: `unloaded: ${reason}`,
    })),
  );
  await replaceLoadQueue(transaction, hostId, []);
}
