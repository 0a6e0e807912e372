import type { ServedModel } from '../registry/index.ts';
import type { Deployment } from './deployment.ts';
import { selectDeployments } from './deployment-store.ts';
import { ensureDeployments } from './ensure-deployments.ts';
import { formUnits } from './form-units.ts';
import type { Pass } from './reconcile-pass.ts';
import { refuse, takeBackRefusals } from './refuse-unit.ts';
import { requestLoad } from './request-load.ts';
import { serveWaiting } from './serve-waiting.ts';
import { isUnitWanted } from './serving-unit.ts';
import { unloadUnwanted } from './unload-unwanted.ts';

/** One pass from what is to what is wanted. Starts and ends things, waits for none of them. */
export async function reconcile(pass: Pass): Promise<void> {
  const models = await pass.host.models.readyModels();
  const deployments = await readDeployments(pass, models);
  const { units, strays } = formUnits(models, deployments, (id) => pass.floor.held.has(id));
  await unloadUnwanted(pass, units, new Set(deployments.map(({ id }) => id)));
  for (const { reason, ...stray } of strays) await refuse(pass, { ...stray, adapters: [] }, 0, reason);
  // What runs elsewhere is called there, and never loaded here.
  const here = [...units.values()].filter(({ model }) => model.manifest.engine !== 'remote');
  await serveWaiting(
    pass,
    here.filter((unit) => isUnitWanted(unit) && !pass.floor.held.has(unit.deployment.id)),
  );
  await takeBackRefusals(pass);
}

async function readDeployments(pass: Pass, models: readonly ServedModel[]): Promise<Deployment[]> {
  const { host, memory } = pass;
  const deployments = await selectDeployments(host.database);
  const known = new Set(deployments.map((deployment) => deployment.versionId));
  const missing = models.filter((model) => !known.has(model.versionId));
  const preload = newestOf(models.filter((model) => host.policy.preload.includes(model.name))).filter(
    (model) => !memory.preloaded.has(model.versionId),
  );
  if (missing.length === 0 && preload.length === 0) return deployments;
  await ensureDeployments(host, missing);
  for (const model of preload) {
    await requestLoad(host, model);
    memory.preloaded.add(model.versionId);
  }
  return await selectDeployments(host.database);
}

/** The newest version of each model: what its name means. */
function newestOf(models: readonly ServedModel[]): readonly ServedModel[] {
  const newest = new Map<string, ServedModel>();
  for (const model of models) {
    const other = newest.get(model.modelId);
    if (other === undefined || other.versionId < model.versionId) newest.set(model.modelId, model);
  }
  return [...newest.values()];
}
