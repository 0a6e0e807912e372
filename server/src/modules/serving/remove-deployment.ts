import { type AuditContext, recordAudit } from '../audit/index.ts';
import { notFound } from './deployment-not-found.ts';
import { lockDeployment, updateDeployment } from './deployment-store.ts';
import { appendEvents } from './event-store.ts';
import type { ServingDependencies } from './serving-dependencies.ts';

/**
 * Takes a version off the machines: it is unloaded when its running answers have ended, and nothing loads it until it
 * is deployed again. Throws `deployment.not_found`.
 */
export async function removeDeployment(
  serving: ServingDependencies,
  context: AuditContext,
  deploymentId: string,
): Promise<void> {
  await serving.database.transaction().execute(async (transaction) => {
    const deployment = await lockDeployment(transaction, { deploymentId }, context.scope);
    if (deployment === null || deployment.removed) throw notFound(deploymentId);
    await updateDeployment(transaction, deploymentId, { removed: true });
    await appendEvents(transaction, [
      {
        deploymentId,
        kind: 'change',
        reason: 'the deployment was removed',
        detail: { actor: context.actor },
      },
    ]);
    await recordAudit(transaction, {
      ...context,
      action: 'deployment.remove',
      target: { kind: 'deployment', id: deploymentId },
      detail: { versionId: deployment.versionId },
    });
    await serving.configVersion.bump(transaction, 'replicas');
  });
}
