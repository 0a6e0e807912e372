import type { AuditContext } from '../audit/index.ts';
import { applyChange, versionOf } from './apply-change.ts';
import type { ChangedDeployment, DeploymentChange } from './deployment-change.ts';
import { notFound } from './deployment-not-found.ts';
import { lockDeployment } from './deployment-store.ts';
import type { ServingDependencies } from './serving-dependencies.ts';

/**
 * Sets what an operator chose for a deployment. A loaded model whose options change is loaded again when its running
 * answers have ended. Throws `deployment.not_found`, `request.invalid`, `engine.unsupported_parameter` for an option
 * that its engine does not honour, `deployment.base_mismatch`.
 */
export async function changeDeployment(
  serving: ServingDependencies,
  context: AuditContext,
  target: ChangedDeployment,
  change: DeploymentChange,
): Promise<void> {
  const { deploymentId } = target;
  await serving.database.transaction().execute(async (transaction) => {
    const deployment = await lockDeployment(transaction, { deploymentId }, context.scope);
    if (deployment === null || deployment.removed) throw notFound(deploymentId);
    const model = target.model ?? (await versionOf(transaction, context, deployment));
    await applyChange(transaction, context, { deployment, model, action: target.action }, change);
    await serving.configVersion.bump(transaction, 'replicas');
  });
}
