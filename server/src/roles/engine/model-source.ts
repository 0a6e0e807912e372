import type { Database } from '../../kernel/ports/database.ts';
import { getVersionFiles, loadModelSnapshot, type ServedModel } from '../../modules/registry/index.ts';
import type { ModelSource } from '../../modules/serving/index.ts';

/** What the engine host reads of the registry. */
export function createModelSource(database: Database): ModelSource {
  return {
    async readyModels() {
      const snapshot = await loadModelSnapshot(database);
      // An alias may point at a version that its model's name does not mean.
      const ready = new Map<string, ServedModel>();
      for (const model of [...snapshot.models.values(), ...snapshot.aliases.values()])
        ready.set(model.versionId, model);
      return [...ready.values()];
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
