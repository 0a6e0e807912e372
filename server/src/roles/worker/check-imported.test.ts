import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import { createTestDatabase, type TestDatabase } from '../../../test/postgres.ts';
import { addReadyModel } from '../../../test/ready-model-rows.ts';
import { registerWorker } from '../../../test/registered-worker.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { newId } from '../../kernel/ids.ts';
import { thenCheckImported } from './check-imported.ts';

let store: TestDatabase;
before(async () => {
  store = await createTestDatabase();
  await registerWorker(store, 'unix:/nowhere');
});
after(() => store.end());

async function runImport(state: 'ready' | 'failed', versionId: string | null, fails = false): Promise<void> {
  const { organizationId, projectId } = defaultScope;
  const importId = newId();
  const kind = { name: 'an import', retryLimit: 1, retryDelaySeconds: 1, heartbeatSeconds: 10 };
  const imported = {
    ...kind,
    handle: async () =>
      void (await store.pool.query(
        `insert into import_requests (id, organization_id, project_id, source, wanted, state, model_name, version_id, actor)
         values ($1, $2, $3, 'hf:a/b', '{}', $4, 'b', $5, '{"kind":"system","id":"a test"}')`,
        [importId, organizationId, projectId, state, versionId],
      )),
  };
  const queue = {
    send: async () => {
      if (fails) throw new Error('planted');
    },
  };
  const job = thenCheckImported(imported, { database: store.database, queue, log: silentLog });
  const context = { jobId: 'a job', attempt: 1, signal: new AbortController().signal };
  await job.handle({ organizationId, projectId, importId }, context);
}

test('what was imported is checked next, and an import stands although that cannot be asked for', async () => {
  const { version } = await addReadyModel(store, 'checked');
  const { version: other } = await addReadyModel(store, 'other');
  await runImport('ready', version);
  await runImport('failed', other);
  await runImport('ready', other, true);
  const { rows } = await store.pool.query('select version_id, kind, actor_kind, actor_id from model_checks');
  assert.deepEqual(rows, [
    { version_id: version, kind: 'conformance', actor_kind: 'system', actor_id: 'import' },
  ]);
});
