import type { ModelSnapshot, ServedModel } from '../registry/index.ts';
import { unfixedVersion, type WaitingPair } from './lease-store.ts';

/** Waiting requests of one version, by the names that they used. */
export interface WaitingVersion {
  readonly model: ServedModel;
  readonly pairs: WaitingPair[];
}

export interface WaitingGroups {
  readonly versions: readonly WaitingVersion[];
  /** Versions, or names, that mean nothing any more. Names of models that are still being fetched are in neither part. */
  readonly absent: readonly WaitingPair[];
}

/** What waits, by the version that each name meant when it was accepted. */
export function groupWaiting(pairs: readonly WaitingPair[], models: ModelSnapshot): WaitingGroups {
  const versions = new Map<string, WaitingVersion>();
  const absent: WaitingPair[] = [];
  for (const pair of pairs) {
    const key = `${pair.projectId}/${pair.model}`;
    const fixed = pair.versionId !== unfixedVersion;
    const model = fixed
      ? models.versions.get(pair.versionId)
      : (models.models.get(key) ?? models.aliases.get(key)?.primary);
    if (model) {
      const group = versions.get(model.versionId) ?? { model, pairs: [] };
      group.pairs.push(pair);
      versions.set(model.versionId, group);
    } else if (fixed || !models.pending.has(key)) absent.push(pair);
  }
  return { versions: [...versions.values()], absent };
}
