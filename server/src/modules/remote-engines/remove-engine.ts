import { type AuditContext, recordAudit } from '../audit/index.ts';
import { notFound } from './change-engine.ts';
import { deleteEngine, lockEngine } from './engine-store.ts';
import { lockModelNames, selectModelsNamed, selectModelsOf } from './model-rows.ts';
import { publishModel } from './publish-models.ts';
import type { RemoteEngineDependencies } from './remote-dependencies.ts';

/**
 * Forgets a connection with its key. Answers that run end; its models stay, and are answered by the other engines that
 * serve them, or refused as unreachable: the names of those are returned. Throws `remote.not_found`.
 */
export async function removeEngine(
  deps: RemoteEngineDependencies,
  context: AuditContext,
  name: string,
): Promise<readonly string[]> {
  const { scope } = context;
  return await deps.database.transaction().execute(async (transaction) => {
    const engine = await lockEngine(transaction, scope, name);
    if (engine === null) throw notFound(name);
    await lockModelNames(transaction, scope);
    const models = await selectModelsOf(transaction, scope, [engine.id]);
    await deleteEngine(transaction, scope, engine.id);
    for (const { modelName } of models)
      await publishModel(transaction, deps.configVersion, context, modelName);
    await deps.configVersion.bump(transaction, 'replicas');
    await recordAudit(transaction, {
      ...context,
      action: 'engine.remove',
      target: { kind: 'remote-engine', id: engine.id },
      detail: { name, baseUrl: engine.baseUrl, models: models.map(({ modelName }) => modelName) },
    });
    const unserved = new Set<string>();
    for (const { modelName, serving, joinedVersionId } of models) {
      if (!serving || joinedVersionId !== null) continue;
      const others = await selectModelsNamed(transaction, scope, modelName);
      if (!others.some((other) => other.serving)) unserved.add(modelName);
    }
    return [...unserved].sort();
  });
}
