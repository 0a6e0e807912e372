import type { ServedModel } from '../registry/index.ts';
import { addDemand } from './deployment-store.ts';
import { addDeployments } from './ensure-deployments.ts';
import type { ServingDependencies } from './serving-dependencies.ts';

/**
 * Asks for a version to be loaded, as a request for a cold model does. Many callers at once cost one write; while the
 * version is wanted already nothing changes. Returns at once: the state tells when the model answers.
 */
export async function requestLoad(serving: ServingDependencies, model: ServedModel): Promise<void> {
  await serving.database.transaction().execute(async (transaction) => {
    const added = await addDeployments(transaction, [model]);
    if ((await addDemand(transaction, model.versionId)) || added)
      await serving.configVersion.bump(transaction, 'replicas');
  });
}
