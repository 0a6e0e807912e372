import type { VersionUsers } from '../registry/index.ts';
import type { DeploymentStatus } from './deployment.ts';
import { deleteDeployments } from './deployment-store.ts';
import { selectStatuses } from './list-deployments.ts';
import type { ServingTables } from './serving-tables.ts';

/** States in which a model worker of a version is there, or is on its way. */
const inMemory = new Set(['on-disk', 'starting', 'loading', 'ready', 'draining']);

/** Deployments as users of versions: those that shall stay loaded, or are loaded. Others go with their version. */
export const deploymentUsers: VersionUsers = {
  async usesOf(transaction, scope, versionIds) {
    if (versionIds.length === 0) return [];
    await transaction
      .withTables<ServingTables>()
      .selectFrom('deployments')
      .select('id')
      .where('project_id', '=', scope.projectId)
      .where('version_id', 'in', [...versionIds])
      .forUpdate()
      .execute();
    // One after the other: a model has few versions, and its project may have thousands.
    const statuses: DeploymentStatus[] = [];
    for (const versionId of versionIds)
      statuses.push(...(await selectStatuses(transaction, { scope, versionId })));
    return statuses.flatMap(({ modelName, desired, pinned, state }) => {
      if (inMemory.has(state)) return [`the deployment of ${modelName} is ${state}`];
      if (desired === 'always') return [`the deployment of ${modelName} is to stay loaded`];
      return pinned ? [`the deployment of ${modelName} is pinned`] : [];
    });
  },
  forget: deleteDeployments,
};
