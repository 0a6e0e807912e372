import { setTimeout as sleep } from 'node:timers/promises';
import { createRunImportJob } from '../src/modules/registry/index.ts';
import { createFolderStore } from '../src/platform/object-store/folder-store.ts';
import { createConfigVersion } from '../src/platform/postgres/config-version.ts';
import { connectPostgres } from '../src/platform/postgres/connect-postgres.ts';
import { createSealing } from '../src/platform/sealing/sealing.ts';
import { createInspector } from '../src/roles/create-inspector.ts';
import { createTestModelSource } from './model-source.ts';
import { testSchema } from './postgres.ts';
import { silentLog } from './silent-log.ts';
import { testConverter } from './test-converter.ts';

// Works on one import as a worker process does, slowly where it stores: it is there to be killed.
const [text = '{}'] = process.argv.slice(2);
const order: {
  readonly url: string;
  readonly hub: { readonly endpoint: string; readonly token: string };
  readonly objects: string;
  readonly downloadsFolder: string;
  readonly payload: {
    readonly organizationId: string;
    readonly projectId: string;
    readonly importId: string;
  };
} = JSON.parse(text);
const postgres = await connectPostgres({
  url: order.url,
  schema: testSchema,
  poolSize: 4,
  log: silentLog,
  caFile: null,
});
const store = createFolderStore({
  root: order.objects,
  signingKey: Buffer.alloc(32),
  publicUrl: 'http://127.0.0.1',
});
const job = createRunImportJob({
  database: postgres.database,
  configVersion: createConfigVersion(),
  objectStore: {
    ...store,
    async adopt(...file) {
      await sleep(1_000);
      await store.adopt(...file);
      await sleep(1_000);
    },
  },
  sources: await createTestModelSource({ hub: order.hub }),
  inspector: createInspector(),
  converter: testConverter(),
  sealing: createSealing(Buffer.alloc(32)),
  downloadsFolder: order.downloadsFolder,
  log: silentLog,
});
await job.handle(order.payload, { jobId: 'child', attempt: 1, signal: new AbortController().signal });
process.exit(0);
