import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/ports/database.ts';
import {
  createModelSnapshotLoader,
  getVersionFiles,
  type ModelSnapshot,
  type ServedModel,
} from '../../modules/registry/index.ts';
import type { ModelSource } from '../../modules/serving/index.ts';

export interface FollowedModels extends ModelSource {
  /** The registry may have changed: it is read again by the next call. */
  changed(): void;
}

/** Read again after so long also when nobody told of a change. */
const oldestMs = 5_000;

/**
 * What the engine host reads of the registry. It asks twice a second, and manifests are large: they are kept until the
 * configuration changes.
 */
export function createModelSource(database: Database, clock: Clock): FollowedModels {
  const registry = createModelSnapshotLoader(database);
  let kept: { readonly models: readonly ServedModel[]; readonly readAt: number } | null = null;
  let changes = 0;
  return {
    changed() {
      changes += 1;
      kept = null;
    },
    async readyModels() {
      const readAt = clock.now();
      if (kept !== null && readAt - kept.readAt < oldestMs) return kept.models;
      const before = changes;
      const models = readyModelsOf(await registry.loadAll());
      // A change during the reading may not be in it.
      if (before === changes) kept = { models, readAt };
      return models;
    },
    async filesOf(model) {
      const files = await getVersionFiles(database, model.versionId);
      return files.map((file) => {
        if (file.objectKey === null) throw new Error(`the file ${file.name} is not in the object store`);
        return { ...file, objectKey: file.objectKey };
      });
    },
  };
}

function readyModelsOf(snapshot: ModelSnapshot): readonly ServedModel[] {
  // An alias may point at versions that their models' names do not mean.
  const ready = new Map<string, ServedModel>();
  for (const model of snapshot.models.values()) ready.set(model.versionId, model);
  for (const { targets, fallbacks } of snapshot.aliases.values())
    for (const { model } of [...targets, ...fallbacks]) ready.set(model.versionId, model);
  return [...ready.values()];
}
