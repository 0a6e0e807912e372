import { SamovarError } from '../../kernel/errors.ts';
import { withoutPrefix, withPrefix } from '../../kernel/ids.ts';
import type { Page } from '../../kernel/paging.ts';
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
  page: { readonly limit: number; readonly cursor: string | null },
): Promise<Page<DeploymentStatus>> {
  let after = page.cursor === null ? null : withoutPrefix('dep', page.cursor);
  if (page.cursor !== null && after === null)
    throw new SamovarError('request.invalid', {
      params: { parameter: 'cursor', reason: 'it is not a cursor of this listing' },
      field: 'cursor',
    });
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
  const shown = items.slice(0, page.limit);
  const last = shown.at(-1);
  return {
    items: shown,
    nextCursor: items.length > page.limit && last ? withPrefix('dep', last.deploymentId) : null,
  };
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
