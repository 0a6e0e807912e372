import type { Clock } from '../../kernel/clock.ts';
import type { ConfigSections } from '../../kernel/ports/config-version.ts';
import type { Database } from '../../kernel/ports/database.ts';
import {
  createModelSnapshotLoader,
  getVersionFiles,
  type ServedModel,
} from '../../modules/registry/index.ts';
import type { ModelSource } from '../../modules/serving/index.ts';

export interface FollowedModels extends ModelSource {
  /** The configuration has changed: where the registry has, it is read again by the next call. */
  changed(sections: ConfigSections): void;
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
  let seen: ConfigSections | null = null;
  return {
    changed(sections) {
      const same = seen?.models === sections.models && seen.aliases === sections.aliases;
      seen = sections;
      if (same) return;
      changes += 1;
      kept = null;
    },
    async readyModels() {
      const readAt = clock.now();
      if (kept !== null && readAt - kept.readAt < oldestMs) return kept.models;
      const before = changes;
      // Also versions that no name means just now: an alias may go back to one, and finds it in memory.
      const models = [...(await registry.loadAll()).versions.values()];
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
