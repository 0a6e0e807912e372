import type { ModelSnapshot, ServedModel } from '../registry/index.ts';
import type { WaitingPair } from './lease-store.ts';

/** Waiting requests of one version, by the names that they use. */
export interface WaitingVersion {
  readonly model: ServedModel;
  readonly pairs: WaitingPair[];
}

export interface WaitingGroups {
  readonly versions: readonly WaitingVersion[];
  /** Names that mean nothing any more. Those of models that are still being fetched are in neither part. */
  readonly absent: readonly WaitingPair[];
}

/** What waits, by the version that each name means now. */
export function groupWaiting(pairs: readonly WaitingPair[], models: ModelSnapshot): WaitingGroups {
  const versions = new Map<string, WaitingVersion>();
  const absent: WaitingPair[] = [];
  for (const pair of pairs) {
    const key = `${pair.projectId}/${pair.model}`;
    const model = models.models.get(key) ?? models.aliases.get(key);
    if (model) {
      const group = versions.get(model.versionId) ?? { model, pairs: [] };
      group.pairs.push(pair);
      versions.set(model.versionId, group);
    } else if (!models.pending.has(key)) absent.push(pair);
  }
  return { versions: [...versions.values()], absent };
}
