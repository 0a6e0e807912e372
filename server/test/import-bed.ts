import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultScope } from '@samovar/contract/default-scope';
import { newId } from '../src/kernel/ids.ts';
import type { JobQueue } from '../src/kernel/ports/job-queue.ts';
import type { ModelInspector } from '../src/kernel/ports/model-inspector.ts';
import type { Scope } from '../src/kernel/principal.ts';
import type { AuditContext } from '../src/modules/audit/index.ts';
import {
  collectObjectsJobKind,
  createImport,
  createRunImportJob,
  createUploadAccess,
  getImport,
  type ImportAccess,
  type ImportRequest,
  importModelJobKind,
  type NewImport,
  runImportJobKind,
  type UploadAccess,
} from '../src/modules/registry/index.ts';
import { createConfigVersion } from '../src/platform/postgres/config-version.ts';
import { createJobQueue } from '../src/platform/queue/create-job-queue.ts';
import { prepareJobQueue } from '../src/platform/queue/prepare-job-queue.ts';
import { createSealing } from '../src/platform/sealing/sealing.ts';
import { createInspector } from '../src/roles/create-inspector.ts';
import { contentOf } from './file-server.ts';
import { type HubRepository, type HubServer, startHubServer } from './hub-server.ts';
import { createTestModelSource, type TestModelSource, type TestSourceChanges } from './model-source.ts';
import { type OpenStore, objectStores } from './object-stores.ts';
import { createTestDatabase, type TestDatabase, testSchema } from './postgres.ts';
import { silentLog } from './silent-log.ts';
import { putGguf, smallLlama, smallLlamaTensors } from './small-model-files.ts';
import { testConverter } from './test-converter.ts';

type RunDependencies = Parameters<typeof createRunImportJob>[0];

export interface ImportBed {
  readonly fresh: TestDatabase;
  readonly hub: HubServer;
  readonly opened: OpenStore;
  readonly access: ImportAccess;
  readonly uploads: UploadAccess;
  readonly sources: TestModelSource;
  readonly downloadsFolder: string;
  readonly dependencies: RunDependencies;
  publish(
    name: string,
    files: Readonly<Record<string, Buffer | string>>,
    more?: Partial<HubRepository>,
  ): string;
  ask(asked: Partial<NewImport> & { readonly source: string }): Promise<ImportRequest>;
  /** Works on a request as a worker process does; `attempt` as the queue counts them. */
  run(request: ImportRequest, changes?: Partial<RunDependencies>, attempt?: number): Promise<ImportRequest>;
  read(request: ImportRequest): Promise<ImportRequest>;
  stop(): Promise<void>;
}

export const testContext: AuditContext = {
  scope: defaultScope,
  actor: { kind: 'api-key', id: newId() },
  requestId: newId(),
};

/** Everything that an import touches, real: PostgreSQL, an object store, a hub, and the inspecting process. */
export async function createImportBed(
  store: keyof typeof objectStores = 'a folder',
  sourceChanges: TestSourceChanges = {},
): Promise<ImportBed> {
  const fresh = await createTestDatabase();
  const address = { url: fresh.url, caFile: null, schema: testSchema, log: silentLog };
  await prepareJobQueue({
    ...address,
    kinds: [importModelJobKind, runImportJobKind, collectObjectsJobKind],
  });
  const queue: JobQueue = await createJobQueue({ ...address, part: 'sender' });
  const hub = await startHubServer();
  const opened = await objectStores[store]();
  const sources = await createTestModelSource({
    hub: { endpoint: hub.endpoint, token: hub.token },
    ...sourceChanges,
  });
  const inspector: ModelInspector = createInspector();
  const downloadsFolder = await mkdtemp(join(tmpdir(), 'samovar-downloads-'));
  const sealing = createSealing(randomBytes(32));
  const access = { database: fresh.database, jobs: queue, sealing };
  const dependencies: RunDependencies = {
    database: fresh.database,
    configVersion: createConfigVersion(),
    objectStore: opened.store,
    sources,
    inspector,
    converter: testConverter(),
    sealing,
    downloadsFolder,
    log: silentLog,
  };
  const read = (request: ImportRequest) => getImport(fresh.database, request, request.id);
  return {
    fresh,
    hub,
    opened,
    access,
    sources,
    downloadsFolder,
    dependencies,
    uploads: createUploadAccess({
      database: fresh.database,
      clock: { now: () => Date.now() },
      uploadHours: 1,
      uploadLimitBytes: 1e12,
      objectStore: async () => opened.store,
    }),
    publish(name, files, more = {}) {
      const contents = new Map(Object.entries(files).map(([path, bytes]) => [path, contentOf(bytes)]));
      return hub.publish({ name, files: contents, large: (path) => path.endsWith('.gguf'), ...more });
    },
    ask: (asked) => createImport(access, testContext, { wanted: {}, ...asked }),
    async run(request, changes = {}, attempt = 1) {
      const job = createRunImportJob({ ...dependencies, ...changes });
      const scope: Scope = { organizationId: request.organizationId, projectId: request.projectId };
      const signal = AbortSignal.timeout(60_000);
      await job.handle({ ...scope, importId: request.id }, { jobId: newId(), attempt, signal });
      return await read(request);
    },
    read,
    async stop() {
      await queue.stop(0);
      await sources.end();
      await hub.stop();
      await opened.stop();
      await fresh.end();
      await rm(downloadsFolder, { recursive: true, force: true });
    },
  };
}

/** A GGUF file of a small model, whose bytes nobody else has. `rows`: how large it is, 256 bytes each. */
export async function smallGguf(rows = 2, more: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'samovar-gguf-'));
  const path = join(folder, 'model.gguf');
  try {
    await putGguf(
      path,
      { ...smallLlama, 'general.name': randomBytes(8).toString('hex'), 'general.license': 'mit', ...more },
      smallLlamaTensors(rows),
    );
    return await readFile(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
