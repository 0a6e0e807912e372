import { sql } from 'kysely';
import type { Database } from '../../kernel/ports/database.ts';
import type { ServedModel } from '../registry/index.ts';
import type { Deployment } from './deployment.ts';
import { selectDeploymentsOf } from './deployment-store.ts';
import { basesOf } from './find-base.ts';
import { formUnits } from './form-units.ts';
import type { ServingUnit } from './serving-unit.ts';

/** States in which a worker has its memory, or is about to. */
const heldStates = ['on-disk', 'starting', 'loading', 'ready'] as const;

/** What a request to a version would have in memory. */
export interface AskedUnit {
  readonly unit: ServingUnit;
  /** Hosts on which a worker of it is, or is being loaded, that answers for the version. */
  readonly answering: readonly string[];
  /** Hosts on which its base is without the adapter that is asked for: it is started anew with it. */
  readonly joined: readonly string[];
}

/**
 * What a request to a version loads: itself, or for an adapter the base that carries it, with all adapters that it has
 * already. `models`: where bases are looked for. `unknown` while an engine host is about to deploy it, `null` where
 * nothing is loaded for it: it is stopped, or has no base.
 */
export async function askedUnit(
  database: Database,
  model: ServedModel,
  models: readonly ServedModel[],
): Promise<AskedUnit | 'unknown' | null> {
  const [deployment] = await selectDeploymentsOf(database, [model.versionId]);
  if (deployment === undefined) return 'unknown';
  if (deployment.removed || deployment.desired === 'stopped') return null;
  if (model.manifest.adapter === undefined) {
    const held = await heldWorkers(database, [deployment.id]);
    // On the engine that was chosen for it.
    const unit = formUnits([model], [deployment], () => false).units.get(deployment.id);
    return unit === undefined ? null : { unit, answering: held.map(({ hostId }) => hostId), joined: [] };
  }
  return await unitOfAdapter(database, { deployment, model }, models);
}

async function unitOfAdapter(
  database: Database,
  { deployment, model }: { readonly deployment: Deployment; readonly model: ServedModel },
  models: readonly ServedModel[],
): Promise<AskedUnit | null> {
  const { base } = deployment.options;
  const bases =
    base === undefined ? basesOf(model, models) : models.filter(({ versionId }) => versionId === base);
  const ofBases = await selectDeploymentsOf(
    database,
    bases.map(({ versionId }) => versionId),
  );
  const held = await heldWorkers(
    database,
    ofBases.map(({ id }) => id),
  );
  const carried = models.filter(
    ({ versionId }) =>
      versionId !== model.versionId && held.some(({ adapters }) => adapters.includes(versionId)),
  );
  const ofCarried = await selectDeploymentsOf(
    database,
    carried.map(({ versionId }) => versionId),
  );
  const { units } = formUnits(
    [...bases, ...carried, model],
    [...ofBases, ...[...ofCarried, deployment].map(asked)],
    (id) => held.some(({ deploymentId }) => deploymentId === id),
  );
  const unit = [...units.values()].find(({ adapters }) =>
    adapters.some((each) => each.deployment.id === deployment.id),
  );
  if (unit === undefined) return null;
  const own = held.filter(({ deploymentId }) => deploymentId === unit.deployment.id);
  const hasIt = ({ adapters }: HeldRow) => adapters.includes(model.versionId);
  return {
    unit,
    answering: own.filter(hasIt).map(({ hostId }) => hostId),
    joined: own.filter((row) => !hasIt(row)).map(({ hostId }) => hostId),
  };
}

/** As if somebody asked for it at this moment. */
function asked(deployment: Deployment): Deployment {
  return { ...deployment, demand: deployment.releasedDemand + 1 };
}

interface HeldRow {
  readonly deploymentId: string;
  readonly hostId: string;
  readonly adapters: readonly string[];
}

/** One that is draining counts as gone: the next request loads it anew. */
async function heldWorkers(database: Database, deploymentIds: readonly string[]): Promise<HeldRow[]> {
  if (deploymentIds.length === 0) return [];
  const { rows } = await sql<HeldRow>`
    select deployment_id as "deploymentId", host_id as "hostId", adapters from ${sql.table('model_workers')}
    where deployment_id = any (${[...deploymentIds]}::uuid[]) and state = any (${[...heldStates]}::text[])`.execute(
    database,
  );
  return rows;
}
