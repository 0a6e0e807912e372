import type { ConfigSections } from '../../kernel/ports/config-version.ts';
import type { Database } from '../../kernel/ports/database.ts';
import { createModelSnapshotLoader, getVersionFiles } from '../../modules/registry/index.ts';
import type { ModelSource, ReadyModels } from '../../modules/serving/index.ts';

export interface FollowedModels extends ModelSource {
  /** The configuration has changed: where models have, they are read again by the next call. */
  changed(sections: ConfigSections): void;
}

/**
 * What the engine host reads of the registry. It asks twice a second, and there are many: they are kept until one of
 * them changes. Whoever follows the configuration tells, also after it could not for a while.
 */
export function createModelSource(database: Database): FollowedModels {
  const registry = createModelSnapshotLoader(database);
  let kept: ReadyModels | null = null;
  let changes = 0;
  let seen: ConfigSections | null = null;
  return {
    changed(sections) {
      const same = seen?.models === sections.models;
      seen = sections;
      if (same) return;
      changes += 1;
      kept = null;
    },
    async readyModels() {
      if (kept !== null) return kept;
      const before = changes;
      // Also versions that no name means just now: an alias may go back to one, and finds it in memory.
      const { models, versions } = await registry.loadVersions();
      const read = { versions: [...versions.values()], current: [...models.values()] };
      // A change during the reading may not be in it.
      if (before === changes) kept = read;
      return read;
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
