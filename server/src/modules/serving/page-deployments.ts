import { withoutPrefix, withPrefix } from '../../kernel/ids.ts';
import { idOfCursor, type Page, type PageRequest, pageOf } from '../../kernel/paging.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { DeploymentStatus, Residency } from './deployment.ts';
import { notFound } from './deployment-not-found.ts';
import { selectStatuses } from './list-deployments.ts';
import { type Measurement, selectMeasurements } from './measurement-store.ts';
import type { WorkerState } from './worker-state.ts';

/** What is absent does not matter. */
export interface DeploymentFilter {
  readonly modelName?: string;
  readonly state?: WorkerState;
  readonly residency?: Residency;
}

/** Read at once while a page is filled. */
const portion = 500;

/** The deployments of a project in the order of their creation. Throws `request.invalid` for a foreign cursor. */
export async function pageDeployments(
  database: Database,
  scope: Scope,
  filter: DeploymentFilter,
  page: PageRequest,
): Promise<Page<DeploymentStatus>> {
  let after = idOfCursor('dep', page);
  const items: DeploymentStatus[] = [];
  for (;;) {
    const found = await selectStatuses(database, {
      scope,
      ...(filter.modelName !== undefined && { modelName: filter.modelName }),
      ...(after !== null && { after }),
      limit: portion,
    });
    items.push(
      ...found.filter(
        ({ state, desired }) =>
          (filter.state === undefined || state === filter.state) &&
          (filter.residency === undefined || desired === filter.residency),
      ),
    );
    after = found.at(-1)?.deploymentId ?? after;
    if (items.length > page.limit || found.length < portion) break;
  }
  return pageOf(items, page, ({ deploymentId }) => withPrefix('dep', deploymentId));
}

/** A deployment by its id (`dep_…`) or by the name of its model: the newest of that name. Throws `deployment.not_found`. */
export async function findDeployment(
  database: Database,
  scope: Scope,
  idOrModel: string,
): Promise<DeploymentStatus> {
  const deploymentId = withoutPrefix('dep', idOrModel);
  const selection = deploymentId === null ? { modelName: idOrModel } : { deploymentId };
  const found = (await selectStatuses(database, { scope, ...selection })).at(-1);
  if (found === undefined) throw notFound(idOrModel);
  return found;
}

/** What was measured of the version of a deployment. */
export async function measurementsOf(
  database: Database,
  { versionId }: DeploymentStatus,
): Promise<readonly Measurement[]> {
  return await selectMeasurements(database, [versionId]);
}
