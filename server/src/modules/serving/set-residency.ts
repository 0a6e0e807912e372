import { SamovarError } from '../../kernel/errors.ts';
import { type AuditContext, recordAudit } from '../audit/index.ts';
import type { Residency } from './deployment.ts';
import { addDemand, lockDeployment, updateDeployment } from './deployment-store.ts';
import { appendEvents } from './event-store.ts';
import type { ServingDependencies } from './serving-dependencies.ts';

/**
 * An operator's load: like a request's, and it sets how the version stays in memory; what is absent stays as it is.
 * `stopped` unloads it and keeps requests from loading it. Throws `model.not_found` outside the context's scope.
 */
export async function setResidency(
  serving: ServingDependencies,
  context: AuditContext,
  versionId: string,
  residency: { readonly desired?: Residency; readonly pinned?: boolean },
): Promise<void> {
  await serving.database.transaction().execute(async (transaction) => {
    const deployment = await lockDeployment(transaction, { versionId }, context.scope);
    if (deployment === null) throw new SamovarError('model.not_found', { params: { model: versionId } });
    const desired = residency.desired ?? deployment.desired;
    const pinned = residency.pinned ?? deployment.pinned;
    // Asked for by name, one that was removed is deployed again.
    await updateDeployment(transaction, deployment.id, { desired, pinned, removed: false });
    if (desired !== 'stopped') await addDemand(transaction, versionId);
    await appendEvents(transaction, [
      {
        deploymentId: deployment.id,
        kind: 'change',
        reason: `an operator ${desired === 'stopped' ? 'stopped it' : 'asked for it'}: ${desired}${pinned ? ', pinned' : ''}`,
        detail: { actor: context.actor },
      },
    ]);
    await recordAudit(transaction, {
      ...context,
      action: 'model.load',
      target: { kind: 'deployment', id: deployment.id },
      detail: { versionId, desired, pinned },
    });
    await serving.configVersion.bump(transaction, 'replicas');
  });
}
