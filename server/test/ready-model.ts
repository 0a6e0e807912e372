import { createHash } from 'node:crypto';
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dataFolder } from '@samovar/contract/data-folder';
import { defaultScope } from '@samovar/contract/default-scope';
import { newId } from '../src/kernel/ids.ts';
import type { Database } from '../src/kernel/ports/database.ts';
import { modelFileKey } from '../src/modules/registry/index.ts';
import { insertModel, insertVersion } from '../src/modules/registry/model-store.ts';
import type { RegistryTables } from '../src/modules/registry/registry-tables.ts';
import { createConfigVersion } from '../src/platform/postgres/config-version.ts';
import type { TestModel } from './models.ts';

/** Registers a model as if its import had just ended: its files in the object store of a data folder, its version ready. */
export async function addReadyModel(database: Database, data: string, model: TestModel): Promise<string> {
  const { manifest, files } = model;
  for (const file of manifest.files) {
    const target = join(dataFolder(data).objects, modelFileKey(file.sha256));
    await mkdir(dirname(target), { recursive: true });
    await copyFile(files[file.name] ?? '', target);
  }
  const versionId = newId();
  await database.transaction().execute(async (transaction) => {
    const modelId = await insertModel(transaction, defaultScope, manifest.name);
    const manifestSha256 = createHash('sha256').update(JSON.stringify(manifest)).digest('hex');
    await insertVersion(transaction, defaultScope, { versionId, modelId, manifest, manifestSha256 });
    const tables = transaction.withTables<RegistryTables>();
    await tables.updateTable('model_versions').set({ state: 'ready' }).where('id', '=', versionId).execute();
    for (const file of manifest.files)
      await tables
        .updateTable('model_files')
        .set({ object_key: modelFileKey(file.sha256) })
        .where('version_id', '=', versionId)
        .where('name', '=', file.name)
        .execute();
    await createConfigVersion().bump(transaction);
  });
  return versionId;
}
