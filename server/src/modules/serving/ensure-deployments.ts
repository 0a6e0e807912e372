import { newId } from '../../kernel/ids.ts';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { ServedModel } from '../registry/index.ts';
import { insertMissingDeployments } from './deployment-store.ts';
import type { ServingDependencies } from './serving-dependencies.ts';

/** PostgreSQL takes 65,535 parameters at most; an installation has more models than that is enough for. */
const atOnce = 1000;

/** Gives every ready version its deployment, on-demand. Safe to call again and again, from several processes. */
export async function ensureDeployments(
  serving: ServingDependencies,
  models: readonly ServedModel[],
): Promise<void> {
  for (let at = 0; at < models.length; at += atOnce)
    await serving.database.transaction().execute(async (transaction) => {
      const added = await addDeployments(transaction, models.slice(at, at + atOnce));
      if (added) await serving.configVersion.bump(transaction, 'replicas');
    });
}

/** The same within the caller's transaction; true when there were new ones. */
export async function addDeployments(
  transaction: DatabaseTransaction,
  models: readonly ServedModel[],
): Promise<boolean> {
  const created = await insertMissingDeployments(
    transaction,
    models.map((model) => ({
      id: newId(),
      organizationId: model.organizationId,
      projectId: model.projectId,
      versionId: model.versionId,
      modelName: model.name,
    })),
  );
  return created.length > 0;
}
