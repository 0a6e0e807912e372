import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStore } from '../src/kernel/ports/object-store.ts';
import { collectObjectsJob, createRunImportJob } from '../src/modules/registry/index.ts';
import { createConfigVersion } from '../src/platform/postgres/config-version.ts';
import { createJobQueue } from '../src/platform/queue/create-job-queue.ts';
import { createInspector } from '../src/roles/create-inspector.ts';
import { createTestModelSource, type TestSourceChanges } from './model-source.ts';
import { type TestDatabase, testSchema } from './postgres.ts';
import { silentLog } from './silent-log.ts';
import { testConverter } from './test-converter.ts';

/** Works on imports as a worker process does, with sources that a test chooses; returns how to stop it. */
export async function startImportWorker(
  { store, objects }: { readonly store: TestDatabase; readonly objects: ObjectStore },
  sourceChanges: TestSourceChanges = {},
): Promise<() => Promise<void>> {
  const { database, url } = store;
  const queue = await createJobQueue({
    url,
    caFile: null,
    schema: testSchema,
    log: silentLog,
    part: 'worker',
  });
  const sources = await createTestModelSource(sourceChanges);
  const downloadsFolder = await mkdtemp(join(tmpdir(), 'samovar-downloads-'));
  const parts = { database, objectStore: objects, log: silentLog };
  const inspector = createInspector();
  const configVersion = createConfigVersion();
  const converter = testConverter();
  const run = createRunImportJob({ ...parts, configVersion, sources, inspector, converter, downloadsFolder });
  await queue.work(run, 2);
  await queue.work(collectObjectsJob({ ...parts, graceHours: 24 }), 1);
  return async () => {
    await queue.stop(0);
    await sources.end();
    await rm(downloadsFolder, { recursive: true, force: true });
  };
}
