import { addDemand } from './deployment-store.ts';
import type { ServingDependencies } from './serving-dependencies.ts';

/**
 * Asks for a version to be loaded, as a request for a cold model does. Many callers at once cost one write; while the
 * version is wanted already it is only read. Returns at once: the state tells when the model answers.
 */
export async function requestLoad(serving: ServingDependencies, versionId: string): Promise<void> {
  await serving.database.transaction().execute(async (transaction) => {
    if (await addDemand(transaction, versionId)) await serving.configVersion.bump(transaction);
  });
}
