import { SamovarError } from '../../kernel/errors.ts';
import { type AuditContext, recordAudit } from '../audit/index.ts';
import type { ServedModel } from '../registry/index.ts';
import { type Engine, enginesFor } from './deployment.ts';
import { lockDeployment, updateOptions } from './deployment-store.ts';
import type { ServingDependencies } from './serving-dependencies.ts';

/**
 * An operator's choice of the engine that runs a version; the manifest's own takes the choice back. A loaded model is
 * unloaded, when its running answers have ended, and loaded again with the other one. Throws `request.invalid` for an
 * engine that cannot read its files, `model.not_found` outside the context's scope.
 */
export async function setEngine(
  serving: ServingDependencies,
  context: AuditContext,
  model: Pick<ServedModel, 'versionId' | 'manifest'>,
  engine: string,
): Promise<void> {
  const { versionId, manifest } = model;
  const chosen = chosenEngine(manifest.engine, engine);
  await serving.database.transaction().execute(async (transaction) => {
    const deployment = await lockDeployment(transaction, versionId, context.scope);
    if (deployment === null) throw new SamovarError('model.not_found', { params: { model: versionId } });
    const { engine: _before, ...others } = deployment.options;
    const options = chosen === manifest.engine ? others : { ...others, engine: chosen };
    await updateOptions(transaction, deployment.id, options);
    await recordAudit(transaction, {
      ...context,
      action: 'model.engine',
      target: { kind: 'deployment', id: deployment.id },
      detail: { versionId, engine: chosen },
    });
    await serving.configVersion.bump(transaction);
  });
}

function chosenEngine(own: Engine, asked: string): Engine {
  const possible = enginesFor(own);
  const chosen = possible.find((engine) => engine === asked);
  if (chosen !== undefined) return chosen;
  throw new SamovarError('request.invalid', {
    params: { parameter: 'engine', reason: `this model runs on ${possible.join(' or ')}` },
    field: 'engine',
  });
}
