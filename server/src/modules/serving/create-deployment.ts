import { SamovarError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { AuditContext } from '../audit/index.ts';
import { applyChange, versionOf } from './apply-change.ts';
import type { DeploymentChange } from './deployment-change.ts';
import { insertMissingDeployments, lockDeployment, updateDeployment } from './deployment-store.ts';
import type { ServingDependencies } from './serving-dependencies.ts';

/**
 * Deploys a version: makes its deployment, or makes it again after it was removed. Returns its id. Throws
 * `deployment.exists`, `model.not_found`, and what `changeDeployment` throws.
 */
export async function createDeployment(
  serving: ServingDependencies,
  context: AuditContext,
  version: { readonly versionId: string; readonly name: string },
  change: DeploymentChange,
): Promise<string> {
  return await serving.database.transaction().execute(async (transaction) => {
    const { versionId, name } = version;
    const added = await insertMissingDeployments(transaction, [
      { id: newId(), ...context.scope, versionId, modelName: name },
    ]);
    const deployment = await lockDeployment(transaction, { versionId }, context.scope);
    if (deployment === null) throw new SamovarError('model.not_found', { params: { model: name } });
    if (added.length === 0 && !deployment.removed)
      throw new SamovarError('deployment.exists', { params: { model: name } });
    await updateDeployment(transaction, deployment.id, {
      removed: false,
      desired: 'on-demand',
      pinned: false,
      priority: 0,
      idleSeconds: null,
      options: {},
    });
    const fresh = await lockDeployment(transaction, { versionId }, context.scope);
    if (fresh !== null) {
      const model = await versionOf(transaction, context, fresh);
      await applyChange(transaction, context, { deployment: fresh, model }, change);
    }
    await serving.configVersion.bump(transaction, 'replicas');
    return deployment.id;
  });
}
