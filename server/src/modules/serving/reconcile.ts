import { newId } from '../../kernel/ids.ts';
import type { ServedModel } from '../registry/index.ts';
import { refuseWorker, withdrawRefusal } from './claim-worker.ts';
import { type Deployment, isEvictable, isWanted } from './deployment.ts';
import { releaseDemand, selectDeployments } from './deployment-store.ts';
import type { EngineHostDependencies } from './engine-host-dependencies.ts';
import type { HostLease } from './engine-host-store.ts';
import { ensureDeployments } from './ensure-deployments.ts';
import { isMoving, residentsOf, type Sizing, sizeWorker } from './held-worker.ts';
import { makeRoom } from './make-room.ts';
import { requestLoad } from './request-load.ts';
import { openFailure } from './worker-failure.ts';
import type { WorkerFloor } from './worker-floor.ts';

/** What a host remembers between passes. */
export interface ReconcileMemory {
  /** Versions that were asked for at the start. */
  readonly preloaded: Set<string>;
  /** Reasons that stand in the rows, by deployment. */
  readonly refusals: Map<string, string>;
}

interface Pass {
  readonly host: EngineHostDependencies;
  readonly floor: WorkerFloor;
  readonly lease: HostLease;
  readonly memory: ReconcileMemory;
}

/** One pass from what is to what is wanted. Starts and ends things, waits for none of them. */
export async function reconcile(pass: Pass): Promise<void> {
  const models = await pass.host.models.readyModels();
  const deployments = await readDeployments(pass, models);
  const byVersion = new Map(models.map((model) => [model.versionId, model]));
  await unloadUnwanted(pass, deployments);
  // What must stay loaded takes its room first.
  for (const deployment of deployments.toSorted((a, b) => Number(isEvictable(a)) - Number(isEvictable(b)))) {
    const model = byVersion.get(deployment.versionId);
    if (pass.floor.held.has(deployment.id)) continue;
    if (model !== undefined && isWanted(deployment))
      await startWanted(pass, deployment, onChosenEngine(model, deployment));
    else await takeBackRefusal(pass, deployment);
  }
}

async function readDeployments(pass: Pass, models: readonly ServedModel[]): Promise<Deployment[]> {
  const { host, memory } = pass;
  const deployments = await selectDeployments(host.database);
  const known = new Set(deployments.map((deployment) => deployment.versionId));
  const missing = models.filter((model) => !known.has(model.versionId));
  const preload = models.filter(
    (model) => host.policy.preload.includes(model.name) && !memory.preloaded.has(model.versionId),
  );
  if (missing.length === 0 && preload.length === 0) return deployments;
  await ensureDeployments(host, missing);
  for (const model of preload) {
    await requestLoad(host, model);
    memory.preloaded.add(model.versionId);
  }
  return await selectDeployments(host.database);
}

async function unloadUnwanted(pass: Pass, deployments: readonly Deployment[]): Promise<void> {
  const { host, floor } = pass;
  const current = new Map(deployments.map((deployment) => [deployment.id, deployment]));
  const idleMs = host.policy.idleUnloadSeconds * 1000;
  for (const [deploymentId, held] of floor.held) {
    const engineBefore = held.deployment.options.engine;
    held.deployment = current.get(deploymentId) ?? held.deployment;
    if (held.draining !== null) continue;
    const { health } = held.worker;
    if (!current.has(deploymentId) || !isWanted(held.deployment)) {
      host.log.info({ model: held.deployment.modelName }, 'unloading a model that is no longer wanted');
      floor.unload(deploymentId, host.policy.drainMs);
    } else if (held.deployment.options.engine !== engineBefore) {
      host.log.info(
        { model: held.deployment.modelName },
        'unloading a model that is to run on another engine',
      );
      floor.unload(deploymentId, host.policy.drainMs);
    } else if (
      idleMs > 0 &&
      isEvictable(held.deployment) &&
      health !== null &&
      health.activeRequests + health.queuedRequests === 0 &&
      host.clock.now() - held.worker.lastUsedAt > idleMs
    ) {
      host.log.info({ model: held.deployment.modelName }, 'unloading a model that nobody calls');
      await releaseDemand(host.database, deploymentId, held.deployment.demand);
      floor.unload(deploymentId, host.policy.drainMs);
    }
  }
}

function onChosenEngine(model: ServedModel, { options }: Deployment): ServedModel {
  if (options.engine === undefined) return model;
  return { ...model, manifest: { ...model.manifest, engine: options.engine } };
}

async function startWanted(pass: Pass, deployment: Deployment, model: ServedModel): Promise<void> {
  const { host, floor } = pass;
  const sizing = sizeWorker(model, deployment, host.policy.parallelSequences);
  const unable = await engineProblem(host, model);
  if (unable !== null) return await refuse(pass, deployment, model, sizing, unable);
  const now = host.clock.now();
  const budget = host.facts.memoryBudgetBytes;
  const room = makeRoom(budget, residentsOf(floor.held.values(), now), sizing.needBytes);
  if (!room.fits) {
    // What is moving may still make room by itself: then wait for it.
    const still = [...floor.held.values()].filter((held) => !isMoving(held, now));
    const later = makeRoom(budget, residentsOf(still, now), sizing.needBytes);
    if (later.fits) return;
    return await refuse(pass, deployment, model, sizing, tooLarge(sizing.needBytes, later.freeBytes, budget));
  }
  if (room.evict.length > 0) return await evict(pass, room.evict);
  if (await floor.begin(pass.lease, deployment, model, sizing)) pass.memory.refusals.delete(deployment.id);
}

async function evict(pass: Pass, deploymentIds: readonly string[]): Promise<void> {
  const { host, floor } = pass;
  for (const deploymentId of deploymentIds) {
    const held = floor.held.get(deploymentId);
    if (held === undefined) continue;
    host.log.info({ model: held.deployment.modelName }, 'unloading a model to make room for another one');
    await releaseDemand(host.database, deploymentId, held.deployment.demand);
    floor.unload(deploymentId, host.policy.drainMs);
  }
}

async function engineProblem(host: EngineHostDependencies, model: ServedModel): Promise<string | null> {
  const driver = host.drivers.get(model.manifest.engine);
  if (driver === undefined) return `this release has no engine ${model.manifest.engine}`;
  return await driver.unavailable();
}

async function refuse(
  pass: Pass,
  deployment: Deployment,
  model: ServedModel,
  sizing: Sizing,
  reason: string,
): Promise<void> {
  if (pass.memory.refusals.get(deployment.id) === reason) return;
  pass.host.log.warn({ model: model.name, reason }, 'a model that is asked for cannot be loaded here');
  const lane = pass.host.drivers.get(model.manifest.engine)?.lane ?? 'normalise';
  const claim = {
    workerId: newId(),
    deployment,
    hostId: pass.lease.hostId,
    lane,
    memoryBytes: sizing.needBytes,
    threads: 0,
  };
  await refuseWorker(pass.host, pass.lease, claim, openFailure(reason));
  pass.memory.refusals.set(deployment.id, reason);
}

async function takeBackRefusal(pass: Pass, deployment: Deployment): Promise<void> {
  if (!pass.memory.refusals.has(deployment.id)) return;
  await withdrawRefusal(pass.host, pass.lease, deployment.id);
  pass.memory.refusals.delete(deployment.id);
}

function tooLarge(needBytes: number, freeBytes: number, budgetBytes: number): string {
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MB`;
  return `it needs ${megabytes(needBytes)}, and of the memory budget of ${megabytes(budgetBytes)} at most ${megabytes(Math.max(0, freeBytes))} can be freed (raise SAMOVAR_ENGINE_MEMORY_BYTES, or unload pinned models)`;
}
