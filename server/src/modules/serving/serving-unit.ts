import type { ServedModel } from '../registry/index.ts';
import { type Deployment, isEvictable, isWanted } from './deployment.ts';

/** A deployment with the version that it runs. */
export interface DeployedModel {
  readonly deployment: Deployment;
  /** On the engine that was chosen for it. */
  readonly model: ServedModel;
}

/** What one worker serves: a version, and the adapters that are wanted on it. Loaded and unloaded as one. */
export interface ServingUnit extends DeployedModel {
  /** In the order of their versions. */
  readonly adapters: readonly DeployedModel[];
}

export function isUnitWanted({ deployment, adapters }: ServingUnit): boolean {
  return isWanted(deployment) || adapters.some((adapter) => isWanted(adapter.deployment));
}

/** False while any part of it is pinned or always loaded. */
export function isUnitEvictable({ deployment, adapters }: ServingUnit): boolean {
  return isEvictable(deployment) && adapters.every((adapter) => isEvictable(adapter.deployment));
}

/** The highest of its wanted parts: an important adapter makes its base important. */
export function unitPriority({ deployment, adapters }: ServingUnit): number {
  const parts = [deployment, ...adapters.map((adapter) => adapter.deployment)].filter(isWanted);
  return parts.reduce(
    (most, part) => Math.max(most, part.priority),
    parts[0]?.priority ?? deployment.priority,
  );
}

/** The deployments of all its parts, the base first. */
export function partsOf({ deployment, adapters }: ServingUnit): readonly Deployment[] {
  return [deployment, ...adapters.map((adapter) => adapter.deployment)];
}

/** What of it decides how its worker is started: when this changes, the worker is started anew. */
export function startKey({ deployment, model, adapters }: ServingUnit): string {
  const { base: _base, ...options } = deployment.options;
  const own = Object.entries(options).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    model.manifest.engine,
    own,
    adapters.map((each) => each.deployment.options.parallelSequences ?? 0),
  ]);
}
