import type { Database } from '../../kernel/ports/database.ts';
import type { LoadState } from '../../modules/inference/index.ts';
import type { ServedModel } from '../../modules/registry/index.ts';
import { listDeployments } from '../../modules/serving/index.ts';

/** Starts in a row that must fail before waiting requests are told: a worker that was killed once is just restarted. */
const failuresToTell = 3;

/** A release before this one wrote the row. */
const unknownReason = 'its worker could not be started';

/** How far the loading of a model is, for the requests that wait for it. */
export async function readLoadState(database: Database, model: ServedModel): Promise<LoadState> {
  const deployments = await listDeployments(database, model);
  const deployment = deployments.find(({ versionId }) => versionId === model.versionId);
  if (!deployment) return { failure: null };
  if (deployment.desired === 'stopped') return { failure: 'it is stopped' };
  if (deployment.refused) return { failure: deployment.publicError ?? unknownReason };
  if (deployment.state !== 'failed' || deployment.attempt < failuresToTell) return { failure: null };
  return { failure: deployment.publicError ?? unknownReason };
}
