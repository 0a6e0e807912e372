import { SamovarError } from '../../kernel/errors.ts';
import { type AuditContext, recordAudit } from '../audit/index.ts';
import { lockDeployment, releaseDemand, updateDeployment } from './deployment-store.ts';
import { appendEvents } from './event-store.ts';
import type { ServingDependencies } from './serving-dependencies.ts';
import { releaseAdapters } from './worker-store.ts';

/**
 * An operator's unload: frees the memory now. What was always loaded or pinned becomes on-demand, and the next
 * request for the model loads it again. Adapters that its worker serves go with it, unless they are to stay. Throws `model.not_found` outside the context's scope.
 */
export async function requestUnload(
  serving: ServingDependencies,
  context: AuditContext,
  versionId: string,
): Promise<void> {
  await serving.database.transaction().execute(async (transaction) => {
    const deployment = await lockDeployment(transaction, { versionId }, context.scope);
    if (deployment === null) throw new SamovarError('model.not_found', { params: { model: versionId } });
    const desired = deployment.desired === 'always' ? 'on-demand' : deployment.desired;
    await updateDeployment(transaction, deployment.id, { desired, pinned: false });
    await releaseDemand(transaction, deployment.id, deployment.demand);
    await releaseAdapters(transaction, deployment.id);
    await appendEvents(transaction, [
      {
        deploymentId: deployment.id,
        kind: 'change',
        reason: 'an operator unloaded it',
        detail: { actor: context.actor },
      },
    ]);
    await recordAudit(transaction, {
      ...context,
      action: 'model.unload',
      target: { kind: 'deployment', id: deployment.id },
      detail: { versionId },
    });
    await serving.configVersion.bump(transaction, 'replicas');
  });
}
