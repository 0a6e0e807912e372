import { lockDeployment } from './deployment-store.ts';
import { type HostLease, holdsLease } from './engine-host-store.ts';
import type { ServingDependencies } from './serving-dependencies.ts';
import type { WorkerFailure } from './worker-failure.ts';
import { countWorkersElsewhere, deleteSettledFailure, type WorkerClaim, writeClaim } from './worker-store.ts';

/**
 * Makes this host the one that runs a replica of the deployment. False when other hosts run enough of them already,
 * or when the lease is lost: the deployment's row lock decides a race.
 */
export async function claimWorker(
  serving: ServingDependencies,
  lease: HostLease,
  claim: WorkerClaim,
): Promise<boolean> {
  return await serving.database.transaction().execute(async (transaction) => {
    const deployment = await lockDeployment(transaction, claim.deployment.versionId);
    if (deployment === null || !(await holdsLease(transaction, lease))) return false;
    const elsewhere = await countWorkersElsewhere(transaction, deployment.id, lease.hostId);
    if (elsewhere >= deployment.replicas) return false;
    await writeClaim(transaction, claim, 'on-disk', null);
    await serving.configVersion.bump(transaction);
    return true;
  });
}

/** Writes down why this host cannot run a deployment, for people and for the requests that wait. */
export async function refuseWorker(
  serving: ServingDependencies,
  lease: HostLease,
  claim: WorkerClaim,
  failure: WorkerFailure,
): Promise<void> {
  await serving.database.transaction().execute(async (transaction) => {
    if (!(await holdsLease(transaction, lease))) return;
    await writeClaim(transaction, claim, 'failed', failure);
    await serving.configVersion.bump(transaction);
  });
}

/** Takes such a reason back once nobody asks for the deployment any more. */
export async function withdrawRefusal(
  serving: ServingDependencies,
  lease: HostLease,
  deploymentId: string,
): Promise<void> {
  await serving.database.transaction().execute(async (transaction) => {
    if (await deleteSettledFailure(transaction, deploymentId, lease.hostId))
      await serving.configVersion.bump(transaction);
  });
}
