import Type from 'typebox';
import { SamovarError } from '../../../kernel/errors.ts';
import type { Database } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { getAlias, type ListedAlias } from '../../../modules/registry/index.ts';
import { type DeploymentStatus, findDeployment, readDeployment } from '../../../modules/serving/index.ts';

/** Of the routes of one deployment. */
export const deploymentParams = Type.Object({
  id: Type.String({ description: 'Its id, the name of its model, or an alias that means one version.' }),
});

/**
 * The deployment of this id, or of the model of this name; of an alias that of the version that answers for it. Throws
 * `deployment.not_found`, and `deployment.several` for an alias that shares its requests out among several.
 */
export async function namedDeployment(
  database: Database,
  scope: Scope,
  name: string,
): Promise<DeploymentStatus> {
  try {
    return await findDeployment(database, scope, name);
  } catch (error) {
    if (!(error instanceof SamovarError) || error.code !== 'deployment.not_found') throw error;
    const alias = await aliasOf(database, scope, name);
    if (alias === null) throw error;
    const versionId = onlyVersion(alias);
    const { organizationId, projectId } = scope;
    const deployment =
      versionId === null ? null : await readDeployment(database, { organizationId, projectId, versionId });
    if (deployment === null || deployment === 'removed') throw error;
    return deployment;
  }
}

async function aliasOf(database: Database, scope: Scope, name: string): Promise<ListedAlias | null> {
  try {
    return await getAlias(database, scope, name);
  } catch (error) {
    if (error instanceof SamovarError && error.code === 'request.not_found') return null;
    throw error;
  }
}

/** `null` where nothing answers. */
function onlyVersion({ name, targets, now }: ListedAlias): string | null {
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  const shares = targets.flatMap(({ model, weight }, place) => {
    const versionId = now[place]?.answeringVersionId ?? null;
    return weight > 0 && versionId !== null ? [{ model, versionId, percent: (100 * weight) / total }] : [];
  });
  if (new Set(shares.map(({ versionId }) => versionId)).size > 1)
    throw new SamovarError('deployment.several', {
      params: {
        alias: name,
        models: shares
          .map(({ model, percent }) => `${model} (${Math.round(percent * 100) / 100} %)`)
          .join(', '),
      },
    });
  return shares[0]?.versionId ?? null;
}
