import type { VersionUsers } from '../registry/index.ts';
import { deleteDeployments } from './deployment-store.ts';
import { listDeployments } from './list-deployments.ts';
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
    const statuses = await listDeployments(transaction, scope);
    return statuses
      .filter(({ versionId }) => versionIds.includes(versionId))
      .flatMap(({ modelName, desired, pinned, state }) => {
        if (inMemory.has(state)) return [`the deployment of ${modelName} is ${state}`];
        if (desired === 'always') return [`the deployment of ${modelName} is to stay loaded`];
        return pinned ? [`the deployment of ${modelName} is pinned`] : [];
      });
  },
  forget: deleteDeployments,
};
