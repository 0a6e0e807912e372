import { SamovarError } from '../../kernel/errors.ts';
import type { AuditContext } from '../audit/index.ts';
import type { ServedModel } from '../registry/index.ts';
import { changeDeployment } from './change-deployment.ts';
import { chosenEngine } from './chosen-options.ts';
import { deploymentIdOf } from './deployment-store.ts';
import type { ServingDependencies } from './serving-dependencies.ts';

/**
 * An operator's choice of the engine that runs a version; the manifest's own takes the choice back. A loaded model is
 * unloaded, when its running answers have ended, and loaded again with the other one. Throws `request.invalid` for an
 * engine that cannot read its files, `model.not_found` outside the context's scope.
 */
export async function setEngine(
  serving: ServingDependencies,
  context: AuditContext,
  model: Pick<ServedModel, 'versionId' | 'name' | 'manifest'>,
  engine: string,
): Promise<void> {
  const { versionId, manifest } = model;
  chosenEngine(manifest, engine);
  const deploymentId = await deploymentIdOf(serving.database, context.scope, versionId);
  if (deploymentId === null) throw new SamovarError('model.not_found', { params: { model: versionId } });
  await changeDeployment(serving, context, { deploymentId, model, action: 'model.engine' }, { engine });
}
